# HourNAS-A, of the FBNet space (Yang et al.: HourNAS, CVPR 2021, Table 9).
# Table 8 gives the blocks k3g2 and k5g2 (e=1) two groups. The printed multiply-adds of A and G hold without: with
# --set groups=2 they are 3% lower.

use ops

net hournas_a(image: tensor[3, 224, 224], classes = 1000, groups = 1) {
  x = conv_bn_relu(image, 16, k=3, stride=2)
  stages = [
      (16, 1, [(3, 1, 1)]), (24, 2, [(5, 6, 1), (5, 1, groups), (3, 1, groups)]),
      (32, 2, [(5, 6, 1), (3, 1, groups), (5, 1, groups), (5, 1, 1)]),
      (64, 2, [(5, 6, 1), (5, 3, 1), (3, 1, 1), (5, 3, 1)]), (112, 1, [(5, 6, 1), (3, 3, 1), (3, 3, 1), (3, 3, 1)]),
      (184, 2, [(5, 6, 1), (5, 3, 1), (5, 3, 1), (3, 6, 1)]), (352, 1, [(5, 6, 1)]),
  ]
  for (out, stride, blocks) in stages {
    for (k, e, g) in blocks {
      x = mbconv(x, out, k=k, e=e, stride=stride, groups=g)
      stride = 1  # the first block of a stage has its stride
    }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
