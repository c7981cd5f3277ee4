# RUN: opt %s -p inline
use ops
net n(image: tensor[4, 8, 8]) {
  a = skip(image)
  for i in 0..2 { a = a + relu_conv_bn(a) }
  return a |> skip(stride=2) |> global_avg_pool |> linear(10)
}
