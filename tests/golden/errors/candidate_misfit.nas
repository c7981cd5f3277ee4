# RUN: check %s
use ops
candidates mine(out) = sep_conv(k=3) | wide: relu_conv_bn(out) | skip
cell c(x) {
  a = choose mine(16) from x keep 1 op
  return a
}
net n(image: tensor[8, 8, 8]) { return c(image) }
