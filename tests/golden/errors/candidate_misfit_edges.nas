# RUN: check %s
candidates mine = max_pool(stride=2) | conv(stride=2)
cell c(x, y) {
  return choose mine from [x, y] keep 1 edge
}
net n(image: tensor[8, 16, 16]) { return c(image, max_pool(image, stride=2)) }
