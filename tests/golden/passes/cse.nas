# RUN: opt %s -p inline,cse
# Relu of the image is wanted three times, in two blocks; b + a is a + b; convolutions have weights of their own,
# dropouts draw their own zeros.
use ops
net n(image: tensor[4, 8, 8]) {
  a = relu_conv_bn(image)
  b = relu_conv_bn(image)
  c = relu(image)
  d = concat(a + b, b + a)
  e = concat(a + b + c, b + a + c, c + a + b)
  f = concat(dropout(c), dropout(c))
  return concat(d, e, f)
}
