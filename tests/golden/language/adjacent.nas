# RUN: opt %s
cell step(a, b) { return conv(a, k=3) + b }
net n(image: tensor[4, 8, 8], cells = 3) {
  c[0] = image
  c[1] = relu(image)
  for i in 2..cells + 2 { c[i] = step(c[i - 2], c[i - 1]) }
  x, y = choose adjacent 2 from c[1..cells + 2]
  return concat(*choose adjacent 3 from [x, y, x + y, x * y])
}
