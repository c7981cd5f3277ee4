# RUN: check %s
const numbers = [1, 2, 3]
net n(image: tensor[3, 8, 8]) {
  x[0] = image
  x[2] = relu(image)
  a = numbers[3]
  b = numbers[1..5]
  c = x[1]
  d = x[0..3]
  e = numbers[-1]
  f = x[-1]
  g = x[0, 1]
  x["a"] = image
  h = numbers[image]
  return image
}
