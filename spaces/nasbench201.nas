# NAS-Bench-201 (Dong, Yang, ICLR 2020): one cell of 6 edges with 5 operations each, 15,625 networks.
# An edge that is not kept carries none; one operation stays on each of the others.

use ops

candidates nasbench201_ops =
    none
  | skip
  | conv_1x1: relu_conv_bn(k=1)
  | conv_3x3: relu_conv_bn(k=3)
  | avg_pool_3x3: avg_pool_plain

cell normal(prev) {
  x[0] = prev
  for i in 1..4 { x[i] = choose nasbench201_ops from x[0..i] keep any edges }
  return x[3]
}

net nasbench201(image: tensor[3, 32, 32], channels = 16, cells = 5, classes = 10, normal: cell = normal) {
  x = image |> conv(channels, k=3) |> batch_norm
  for s in 0..3 {
    if s > 0 { x = residual(x, channels * 2 ** s) }
    for i in 0..cells { x = normal(x) }
  }
  return x |> batch_norm |> relu |> global_avg_pool |> linear(classes)
}
