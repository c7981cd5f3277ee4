# RUN: check %s
block a(x) { return b(x) }
block b(x) { return a(x) }
const one = two + 1
const two = one + 1
net n(image: tensor[8, 8, 8]) {
  x = conv(image, one)
  return a(image)
}
