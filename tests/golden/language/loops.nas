# RUN: opt %s
net n(image: tensor[3, 8, 8]) {
  x = image
  for i in 0..2 { for j in [1, 3] { x = conv(x, k=j) } }
  for (out, k) in [(4, 1), (8, 3)] { x = conv(x, out, k=k) }
  for out, k in [(4, 1)] { y[out] = conv(x, out, k=k) }
  return y[4]
}
