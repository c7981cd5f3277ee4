# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  y = relu(x)
  x = relu(image)
  return y
}
