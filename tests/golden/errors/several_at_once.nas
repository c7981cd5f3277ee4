# RUN: check %s
use ops
candidates mine = sep_conv(k=3) | skipp
cell c(x) {
  y = relu_conv_bn(x, 8, kernel=1)
  z = undefined_thing(x)
  return concat(y, z)
}
net n(image: tensor[8, 8, 8]) {
  x = linear(image, 10)
  y = conv(image, groups=3)
  return c(image)
}
