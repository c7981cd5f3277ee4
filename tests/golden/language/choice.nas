# RUN: opt %s
use ops
candidates mixed(stride = 1) =
    none(stride)
  | skip(stride) when legal
  | sep: sep_conv(k={3, 5}, stride)
  | relu_conv_bn(k={1, 3}, stride=stride)
  | max_pool(k=3, pad=1, stride=stride)

cell c(a, b, channels) {
  x[0] = preprocess(a, channels, like=b)
  x[1] = preprocess(b, channels, like=b)
  x[2] = choose mixed(2) from x[0..2] keep 1 edge
  x[3] = choose mixed(stride=2) from [x[0], x[1]] and mixed from x[2] keep 1..2 edges some ops
  return concat(x[2..4])
}
net n(image: tensor[4, 8, 8]) { return c(image, max_pool(image, k=2, stride=2), 4) }
