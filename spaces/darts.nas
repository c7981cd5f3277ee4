# The cell space of DARTS (Liu, Simonyan, Yang: DARTS: Differentiable Architecture Search, ICLR 2019).

use ops

candidates darts_ops(stride = 1) =
    none(stride)
  | max_pool_3x3(stride)
  | avg_pool_3x3(stride)
  | skip(stride)
  | sep_conv_3x3: sep_conv(k=3, stride)
  | sep_conv_5x5: sep_conv(k=5, stride)
  | dil_conv_3x3: dil_conv(k=3, stride)
  | dil_conv_5x5: dil_conv(k=5, stride)

cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 { x[i] = choose darts_ops from x[0..i] keep 2 edges }
  return concat(x[2..6])
}

cell reduce(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 {
    x[i] = choose darts_ops(stride=2) from x[0..2] and darts_ops from x[2..i] keep 2 edges
  }
  return concat(x[2..6])
}

net darts(
    image: tensor[3, 32, 32], channels = 16, cells = 8, classes = 10, stem = 3, normal: cell = normal,
    reduce: cell = reduce,
) {
  s1 = image |> conv(stem * channels, k=3) |> batch_norm
  s0 = s1
  c = channels
  for i in 0..cells {
    if i == cells // 3 or i == 2 * cells // 3 {
      c = 2 * c
      cell[i] = reduce(s0, s1, c)
    } else {
      cell[i] = normal(s0, s1, c)
    }
    s0, s1 = s1, cell[i]
  }
  return s1 |> global_avg_pool |> linear(classes)
}
