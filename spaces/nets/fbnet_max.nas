# FBNet-Max: the largest network of the FBNet space (Yang et al.: HourNAS, CVPR 2021, Table 9).

use ops

net fbnet_max(image: tensor[3, 224, 224], classes = 1000) {
  x = conv_bn_relu(image, 16, k=3, stride=2)
  stages = [
      (16, 1, [(5, 6)]), (24, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]), (32, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]),
      (64, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]), (112, 1, [(5, 6), (5, 6), (5, 6), (5, 6)]),
      (184, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]), (352, 1, [(5, 6)]),
  ]
  for (out, stride, blocks) in stages {
    for (k, e) in blocks {
      x = mbconv(x, out, k=k, e=e, stride=stride)
      stride = 1  # the first block of a stage has its stride
    }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
