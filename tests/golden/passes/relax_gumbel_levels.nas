# RUN: opt %s -p "relax{gate=gumbel_softmax, levels=2, tempers=probabilities, temperature=0.5}"
use ops
candidates some = none | skip | sep: sep_conv(k=3)
cell normal(a, b) {
  x[0] = relu_conv_bn(a)
  x[1] = relu_conv_bn(b)
  for i in 2..4 { x[i] = choose some from x[0..i] keep 2 edges }
  return concat(x[2..4])
}
net n(image: tensor[3, 8, 8]) {
  s = image |> conv(4) |> batch_norm
  c[0] = normal(s, s)
  return c[0] |> global_avg_pool |> linear(10)
}
