# RUN: opt %s -p inline,fold_bn
# The same after `inline`: the batch norm behind a block is folded into the convolution in it.
use ops
net n(image: tensor[4, 8, 8]) { return relu_conv_bn(image) |> batch_norm }
