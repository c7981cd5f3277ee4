# RUN: check %s
use ops as
const two = * 2
block b(x) { return relu(x }
cell c(x) {
  for i 0..3 { x = relu(x) }
  return x
}
net n(image: tensor[3, 8, 8]) {
  if image.channels = 3 { return image }
  return relu(image)
}
