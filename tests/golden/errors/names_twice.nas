# RUN: check %s
const a = 1
const a = 2
block b(x) { return relu(x) }
block b(x) { return sigmoid(x) }
block c(x, x) { return x }
candidates b = relu
net n(image: tensor[3, 8, 8]) { return b(image) }
