# RUN: opt %s -p "partition{of=(normal), groups=((normal.x.2, 0, ((skip), (conv_3x3))))}"
use ops
candidates few = none | skip | conv_3x3: relu_conv_bn(k=3)
cell normal(a, b) {
  x[2] = choose few from [a, b] keep 2 edges
  return x[2]
}
cell free(a, b) {
  x[2] = choose few from [a, b] keep any edges
  return x[2]
}
net n(image: tensor[4, 8, 8]) {
  c[0] = normal(image, image)
  c[1] = free(c[0], image)
  return c[1] |> global_avg_pool |> linear(10)
}
