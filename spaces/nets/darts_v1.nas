# DARTS_V1, the cells found by first-order DARTS (Liu, Simonyan, Yang, ICLR 2019), as trained on CIFAR-10
# (36 channels, 20 cells), without its auxiliary head.

use ops

cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  x[2] = sep_conv(x[1], k=3) + sep_conv(x[0], k=3)
  x[3] = skip(x[0]) + sep_conv(x[1], k=3)
  x[4] = skip(x[0]) + sep_conv(x[1], k=3)
  x[5] = sep_conv(x[0], k=3) + skip(x[2])
  return concat(x[2..6])
}

cell reduce(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  x[2] = max_pool_3x3(x[0], stride=2) + max_pool_3x3(x[1], stride=2)
  x[3] = skip(x[2]) + max_pool_3x3(x[0], stride=2)
  x[4] = max_pool_3x3(x[0], stride=2) + skip(x[2])
  x[5] = skip(x[2]) + avg_pool_3x3(x[0], stride=2)
  return concat(x[2..6])
}

net darts_v1(image: tensor[3, 32, 32], channels = 36, cells = 20, classes = 10) {
  s1 = image |> conv(3 * channels, k=3) |> batch_norm
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
