# RUN: check %s
candidates ops = relu | sigmoid
cell c(x, y) {
  a = choose ops from [x, y] keep 3 edges
  b = choose ops from [x, y] keep 1 op
  d = choose ops from x keep 3 ops
  e = choose ops from [x, y] keep 2..1 edges
  f = choose ops from [x, y] keep 0 edges
  g = choose ops from [] keep 1 edge
  h = choose ops from [x, y] keep 1 edge 5 ops
  i = choose adjacent 2 from [x, y]
  return x
}
net n(image: tensor[3, 8, 8]) { return c(image, image) }
