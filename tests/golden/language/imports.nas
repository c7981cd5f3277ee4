# RUN: opt %s
use ops
use parts.left
use parts.right as other
const size = 2 * 8
block relu_conv_bn(x) { return x |> left.stem |> other.stem }
net n(image: tensor[3, 8, 8]) { return image |> relu_conv_bn |> ops.relu_conv_bn(size) |> sep_conv(k=3) }
