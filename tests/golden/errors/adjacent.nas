# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  a[0] = image
  for i in 1..4 { a[i] = conv(a[i - 1], k=3) }
  b = choose adjacent 1 from a[0..4]
  c = choose adjacent 5 from a[0..4]
  d = choose adjacent 2 from [image, conv(image, 8)]
  e = choose adjacent 2 from [image, 3]
  f = choose adjacent 2 from a[0..6]
  g, h, i = choose adjacent 2 from a[0..4]
  j = relu(choose adjacent 2 from a[0..4])
  return image
}

net two(image: tensor[3, 8, 8]) {
  a[0] = image
  for i in 1..4 { a[i] = conv(a[i - 1], k=3) }
  b, c = choose adjacent 2 from a[0..4]
  d, e = choose adjacent 2 from a[0..4]
  return b + c + d + e
}
