# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  small = max_pool(image, stride=2)
  a = image + small
  b = concat(image, small)
  c = image * small
  d = linear(image, 10)
  e = conv(image, 8, groups=2)
  f = image |> global_avg_pool |> conv(8)
  g = conv(image, k=11, pad=0)
  h = slice(image, top=8)
  i = max_pool(image, k=3, pad=2)
  j = a + image
  return image
}
