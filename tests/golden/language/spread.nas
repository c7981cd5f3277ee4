# RUN: opt %s
const sizes = [4, 3]
cell join(a, b, channels) { return conv(concat(a, b), channels) }
net n(image: tensor[3, 8, 8]) {
  a, b = [relu(image), sigmoid(image)]
  x = join(*[a, b], 4) + join(*(b, a), channels=4)
  return conv(x, *sizes)
}
