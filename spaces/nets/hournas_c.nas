# HourNAS-C, of the FBNet space with 7x7 kernels (Yang et al.: HourNAS, CVPR 2021, Table 11).

use ops

net hournas_c(image: tensor[3, 224, 224], classes = 1000) {
  x = conv_bn_relu(image, 16, k=3, stride=2)
  stages = [
      (16, 1, []), (24, 2, [(3, 6), (3, 3), (3, 3)]), (32, 2, [(5, 6), (3, 3), (3, 3), (3, 3)]),
      (64, 2, [(5, 6), (3, 3), (5, 3), (7, 1)]), (112, 1, [(7, 6), (5, 3), (5, 1), (5, 1)]),
      (184, 2, [(7, 6), (5, 3), (3, 3), (3, 6)]), (352, 1, [(7, 6)]),
  ]
  for (out, stride, blocks) in stages {
    for (k, e) in blocks {
      x = mbconv(x, out, k=k, e=e, stride=stride)
      stride = 1  # the first block of a stage has its stride
    }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
