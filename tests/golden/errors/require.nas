# RUN: check %s
block halves(x, times = 1) {
  require x.height % 2 == 0 and times > 0
  return max_pool(x, stride=2)
}
net n(image: tensor[3, 9, 9]) { return halves(image) }
