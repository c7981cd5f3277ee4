# The space of 12 operations in EnTranNAS, section 4.2 (Yang et al.: Towards Improving the Consistency, Efficiency, and
# Flexibility of Differentiable NAS, CVPR 2021). `none` is beside the twelve: an edge that carries it is not kept. Where
# the topology is learned (EnTranNAS-DST), the pass `widen` lets any connections stay, at least one into each node.

use ops
use darts

candidates darts12_ops(stride = 1) =
    none(stride)
  | max_pool_3x3(stride)
  | avg_pool_3x3(stride)
  | skip(stride)
  | sep_conv_3x3: sep_conv(k=3, stride)
  | sep_conv_5x5: sep_conv(k=5, stride)
  | dil_conv_3x3: dil_conv(k=3, stride)
  | dil_conv_5x5: dil_conv(k=5, stride)
  | conv_1x1: relu_conv_bn(k=1, stride=stride)
  | conv_3x3: relu_conv_bn(k=3, stride=stride)
  | conv_1x3_3x1: conv_1xk_kx1(k=3, stride)
  | conv_1x5_5x1: conv_1xk_kx1(k=5, stride)
  | conv_1x7_7x1: conv_1xk_kx1(k=7, stride)

cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 { x[i] = choose darts12_ops from x[0..i] keep 2 edges }
  return concat(x[2..6])
}

cell reduce(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 {
    x[i] = choose darts12_ops(stride=2) from x[0..2] and darts12_ops from x[2..i] keep 2 edges
  }
  return concat(x[2..6])
}

net darts12(image: tensor[3, 32, 32], channels = 16, cells = 8, classes = 10, stem = 3) {
  return darts.darts(image, channels=channels, cells=cells, classes=classes, stem=stem, normal=normal, reduce=reduce)
}
