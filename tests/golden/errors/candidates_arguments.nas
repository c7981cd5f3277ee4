# RUN: check %s
candidates mine(stride, out = 8) = conv(out, stride=stride) | other: conv(out, k=3, stride=stride)
cell c(x) {
  a = choose mine from x keep 1 op
  b = choose mine(1, 2, 3) from x keep 1 op
  d = choose mine(strid=1) from x keep 1 op
  return a
}
net n(image: tensor[8, 8, 8]) { return c(image) }
