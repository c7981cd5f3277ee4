# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  x = relu(image) y = relu(x)
  return y
}
