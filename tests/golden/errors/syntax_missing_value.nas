# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  x = conv(image, 8, k=)
  y =
  return x
}
