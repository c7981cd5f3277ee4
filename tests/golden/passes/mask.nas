# RUN: opt %s -p "relax,transit,mask"
use ops
candidates few = none | skip | conv_3x3: relu_conv_bn(k=3)
cell normal(a, b) {
  x[0] = relu_conv_bn(a)
  x[1] = relu_conv_bn(b)
  for i in 2..4 { x[i] = choose few from x[0..i] keep 2 edges }
  return concat(x[2..4])
}
net n(image: tensor[3, 8, 8]) {
  s = image |> conv(4) |> batch_norm
  c[0] = normal(s, s)
  c[1] = normal(relu_conv_bn(c[0], 4), relu_conv_bn(c[0], 4))
  return c[1] |> global_avg_pool |> linear(10)
}
