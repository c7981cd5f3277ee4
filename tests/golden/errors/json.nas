# RUN: check %s --json
net n(image: tensor[8, 8, 8]) {
  y = cnv(image, groups=3)
  return image
}
