# RUN: check %s
block pair(x) { return [relu(x), sigmoid(x)] }
cell join(a, b, channels) { return conv(concat(a, b), channels) }
net n(image: tensor[3, 8, 8]) {
  a, b = pair(image)
  x = join(*pair(image), 4) + join(*[a, b], channels=4)
  return concat(*pair(x), x)
}
