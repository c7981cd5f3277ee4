# RUN: check %s
x = 3
net n(image: tensor[3, 8, 8]) {
  return relu(image)
}
