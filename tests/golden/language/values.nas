# RUN: opt %s
const sizes = [4, 8, round_to(13, 8)]
const half = 1 / 2
net n(image: tensor[3, 8, 8]) {
  a = 7 // 2 + 7 % 4 * 2 ** 3 - -1
  b = max(sizes[0..2][1], min(3, 9), len(sizes), floor(2.7), ceil(2.1), round(2.5))
  c = a if a > b and not (a == 3 or b != 8) else b
  p, (q, r) = (1, (2, 3))
  s = 2K + int_of(1.5)
  x = conv(image, c, k=(q + 1, r)) * half
  x = x * x + x
  if x.channels >= 8 and x.height <= 8 and x.width < 9 { y = relu(x) } else if x.channels == 1 { y = x } else { y = sigmoid(x) }
  x = y; z = relu6(x)
  return z
}
block int_of(x) { return floor(x) }
