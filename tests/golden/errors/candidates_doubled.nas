# RUN: check %s
use ops
candidates mine = sep_conv(k=3) | sep_conv(k=5)
candidates wrong = 3 | numbers: [1, 2] | inner: mine
cell c(x) {
  a = choose mine from x keep 1 op
  return choose wrong from x keep 1 op
}
net n(image: tensor[8, 8, 8]) { return c(image) }
