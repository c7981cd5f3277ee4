# RUN: opt %s
block two(x) { return x |> relu |> sigmoid }
net n(image: tensor[3, 8, 8]) {
  x = image |> conv(4) |> relu
  x = x + relu(x)
  x = two(x)
  relu_of_x = relu(two(two(x)))
  a[0, 1] = x
  a[1, 0], arch = relu(x), two(x)
  return relu(concat(a[0, 1], a[1, 0], arch, relu_of_x))
}
