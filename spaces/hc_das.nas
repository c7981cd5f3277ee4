# Hc-DAS, the cell level of H-DAS (Hierarchical Differentiable Architecture Search): DARTS with cells of its own for each
# stage, three normal ones and two that reduce.

use ops
use darts

net hc_das(image: tensor[3, 32, 32], channels = 16, cells = 8, classes = 10, stem = 3) {
  s1 = image |> conv(stem * channels, k=3) |> batch_norm
  s0 = s1
  c = channels
  for s in 0..3 {
    for i in s * cells // 3..(s + 1) * cells // 3 {
      if s > 0 and i == s * cells // 3 {
        c = 2 * c
        cell[i] = reduce@(s - 1)(s0, s1, c)
      } else {
        cell[i] = normal@(s)(s0, s1, c)
      }
      s0, s1 = s1, cell[i]
    }
  }
  return s1 |> global_avg_pool |> linear(classes)
}
