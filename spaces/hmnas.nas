# The space of HM-NAS (Yan et al.: HM-NAS: Efficient Neural Architecture Search via Hierarchical Masking, ICCV
# Workshops 2019): the operations of DARTS, any number of edges into a node and of operations on an edge.

use ops
use darts

cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 { x[i] = choose darts_ops from x[0..i] keep some edges some ops }
  return concat(x[2..6])
}

cell reduce(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..6 {
    x[i] = choose darts_ops(stride=2) from x[0..2] and darts_ops from x[2..i] keep some edges some ops
  }
  return concat(x[2..6])
}

net hmnas(image: tensor[3, 32, 32], channels = 16, cells = 8, classes = 10, stem = 3) {
  return darts.darts(image, channels=channels, cells=cells, classes=classes, stem=stem, normal=normal, reduce=reduce)
}
