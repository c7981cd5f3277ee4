# RUN: opt %s -p "restrict{to=((n, 0, (window_1)))}"
net n(image: tensor[4, 8, 8]) {
  a[0] = image
  for i in 1..3 { a[i] = conv(a[i - 1]) }
  return concat(*choose adjacent 2 from a[0..3])
}
