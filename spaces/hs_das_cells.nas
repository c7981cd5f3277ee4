# The number of cells of each stage (Liu et al.: Hierarchical Differentiable Architecture Search, 2021; Eq. 3 of H-DAS).
# A stage of `hs_das` with more cells than it needs: two neighbors give its output, `least` cells or more
# stay, and the cells behind the two go.

use ops
use darts
use hs_das

stage macro_cells(prev2, prev1, channels, inner: cell, cells = 8, window = 3, least = 4) {
  width = inner.width(channels)
  c[0] = preprocess(prev2, width, like=prev1)
  c[1] = preprocess(prev1, width, like=prev1)
  for i in 2..cells + 2 {
    c[i] = inner(*choose hs_das.links from c[max(0, i - window)..i] keep 2 edges, channels)
  }
  return concat(*choose adjacent 2 from c[least..cells + 2])
}

net hs_das_cells(
    image: tensor[3, 32, 32], inner: cell = darts.normal, down: cell = darts.reduce, channels = 16, cells = 8,
    window = 3, least = 4, classes = 10,
) {
  s1 = image |> conv(3 * channels, k=3) |> batch_norm
  s0 = s1
  c = channels
  for s in 0..3 {
    y = macro_cells@(s)(s0, s1, c, inner=inner, cells=cells, window=window, least=least)
    s0, s1 = s1, y
    if s < 2 {
      c = 2 * c
      y = down(s0, s1, c)
      s0, s1 = s1, y
    }
  }
  return s1 |> global_avg_pool |> linear(classes)
}
