# Stages that are graphs of cells (Liu et al.: Hierarchical Differentiable Architecture Search, 2021; Hs-DAS).
# Between cells there are links without weights; a cell chooses its two inputs among the last `window` nodes,
# and a stage gives its last two cells. The cells inside are searched, or those that `inner` and `down` name:
# --set inner=darts_v2.normal --set down=darts_v2.reduce. With 6 cells a stage there are 20, with 4 (and --set
# imagenet=true, a stem of three convolutions that leaves an eighth of the height and width) 14.

use ops
use darts

candidates links = none | skip | max_pool_3x3 | avg_pool_3x3

stage macro(prev2, prev1, channels, inner: cell, cells = 6, window = 3) {
  width = inner.width(channels)
  c[0] = preprocess(prev2, width, like=prev1)
  c[1] = preprocess(prev1, width, like=prev1)
  for i in 2..cells + 2 {
    c[i] = inner(*choose links from c[max(0, i - window)..i] keep 2 edges, channels)
  }
  return concat(c[cells..cells + 2])
}

net hs_das(
    image: tensor[3, 32, 32], inner: cell = darts.normal, down: cell = darts.reduce, channels = 16, cells = 6,
    window = 3, classes = 10, imagenet = false,
) {
  if imagenet {
    s0 = image |> conv_bn_relu(channels // 2, k=3, stride=2) |> conv_bn(channels, k=3, stride=2)
    s1 = s0 |> relu_conv_bn(channels, k=3, stride=2)
  } else {
    s1 = image |> conv(3 * channels, k=3) |> batch_norm
    s0 = s1
  }
  c = channels
  for s in 0..3 {
    y = macro@(s)(s0, s1, c, inner=inner, cells=cells, window=window)
    s0, s1 = s1, y
    if s < 2 {
      c = 2 * c
      y = down(s0, s1, c)
      s0, s1 = s1, y
    }
  }
  return s1 |> global_avg_pool |> linear(classes)
}
