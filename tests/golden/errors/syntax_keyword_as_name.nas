# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  keep = conv(image, 8)
  return keep
}
