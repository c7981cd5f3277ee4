# RUN: check %s
use ops
candidates mine = sep_conv(k=3) | sep_conv(size=5) when legal | identity(out=3) when legal
cell c(x) {
  return choose mine from x keep 1 op
}
net n(image: tensor[8, 8, 8]) { return c(image) }
