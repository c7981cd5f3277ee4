# S2 of RobustDARTS (Zela et al.: Understanding and Robustifying Differentiable Architecture Search, ICLR 2020): the
# cells of DARTS with two operations on each edge.

use ops
use darts

candidates s2_ops(stride = 1) = skip(stride) | sep_conv_3x3: sep_conv(k=3, stride)

cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 { x[i] = choose s2_ops from x[0..i] keep 2 edges }
  return concat(x[2..6])
}

cell reduce(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 {
    x[i] = choose s2_ops(stride=2) from x[0..2] and s2_ops from x[2..i] keep 2 edges
  }
  return concat(x[2..6])
}

net robust_darts_s2(image: tensor[3, 32, 32], channels = 16, cells = 8, classes = 10, stem = 3) {
  return darts.darts(image, channels=channels, cells=cells, classes=classes, stem=stem, normal=normal, reduce=reduce)
}
