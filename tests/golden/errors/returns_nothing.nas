# RUN: check %s
block a(x) { y = relu(x) }
block b(x, deep) {
  if deep { return x }
}
block c(x) { return 3 }
net n(image: tensor[8, 8, 8]) {
  x = a(image)
  y = b(image, false)
  return c(image)
}
