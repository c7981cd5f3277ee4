# RUN: opt %s
candidates ops = relu | sigmoid | relu6
cell c(x, y, z) {
  a = choose ops from x keep 1 op
  b = choose ops from x keep 1..2 ops
  d = choose ops from x keep any ops
  e = choose ops from [x, y, z] keep 2 edges
  f = choose ops from [x, y, z] keep 1..3 edges
  g = choose ops from [x, y, z] keep any edges
  h = choose ops from [x, y, z] keep some edges any ops
  i = choose ops from [x, y, z] keep all edges 2 ops
  return concat(a, b, d, e, f, g, h, i)
}
net n(image: tensor[3, 8, 8]) { return c(image, relu(image), sigmoid(image)) }
