# Hc-DAS, the cell level of H-DAS (Hierarchical Differentiable Architecture Search): DARTS with cells of its own for each
# stage, three normal ones and two that reduce.

use ops
use darts

net hc_das(image: tensor[3, 32, 32], channels = 16, cells = 8, classes = 10, stem = 3) {
  s1 = image |> conv(stem * channels, k=3) |> batch_norm
  s0 = s1
  c = channels
  stage = 0
  for i in 0..cells {
    if i == cells // 3 or i == 2 * cells // 3 {
      c = 2 * c
      cell[i] = reduce@(stage)(s0, s1, c)
      stage = stage + 1
    } else {
      cell[i] = normal@(stage)(s0, s1, c)
    }
    s0, s1 = s1, cell[i]
  }
  return s1 |> global_avg_pool |> linear(classes)
}
