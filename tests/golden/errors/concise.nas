# RUN: check %s --format concise
net n(image: tensor[8, 8, 8]) {
  x = linear(image, 10)
  y = cnv(image, groups=3)
  return image
}
