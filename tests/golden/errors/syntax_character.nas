# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  x = conv(image, 8) ; y = x $ 2
  return x ? y
}
