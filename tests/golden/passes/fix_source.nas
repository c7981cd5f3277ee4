# RUN: opt %s -p "fix{point=passes/values/point.json}" --form source --set channels=8
use ops
candidates some(stride = 1) = none(stride) | skip(stride) | sep: sep_conv(k={3, 5}, stride)
cell normal(a, b, channels) {
  x[0] = preprocess(a, channels, like=b)
  x[1] = preprocess(b, channels, like=b)
  for i in 2..4 { x[i] = choose some(stride=2) from x[0..2] and some from x[2..i] keep 2 edges }
  y = choose some from x[3] keep 1 op
  return concat(x[2], y)
}
net n(image: tensor[3, 8, 8], channels = 4) {
  s = image |> conv(channels) |> batch_norm
  return normal(s, s, channels) |> global_avg_pool |> linear(10)
}
