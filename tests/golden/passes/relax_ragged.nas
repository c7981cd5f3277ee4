# RUN: opt %s -p relax
use ops
candidates mine = sep_conv(k=3) | identity(out=8) when legal
cell c(x, y) {
  a = choose mine from x keep 1 op
  b = choose mine from y keep 1 op
  return concat(a, b)
}
candidates few = relu
candidates many = relu | sigmoid
cell d(x) { return choose few from [x] and many from [x] keep 1 edge }
net n(image: tensor[8, 8, 8]) { return c(image, image) |> d }
