# RUN: check %s
use ops
candidates mine = sep_conv(k=3) | fine: sep_conv(k=99, stride=0) | identity(out=3)
cell c(x) {
  return choose mine from x keep 1 op
}
net n(image: tensor[8, 8, 8]) { return c(image) }
