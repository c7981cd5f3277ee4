# EfficientNet-Max: the largest network of the EfficientNet space (Yang et al.: HourNAS, CVPR 2021, Table 15).

use ops

net efficientnet_max(image: tensor[3, 224, 224], classes = 1000) {
  x = conv_bn_act(image, 32, k=3, stride=2, act=swish)
  stages = [
      (16, 1, [(5, 6)]), (24, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]), (40, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]),
      (80, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]), (112, 1, [(5, 6), (5, 6), (5, 6), (5, 6)]),
      (192, 2, [(5, 6), (5, 6), (5, 6), (5, 6)]), (320, 1, [(5, 6)]),
  ]
  for (out, stride, blocks) in stages {
    for (k, e) in blocks {
      x = mbconv(x, out, k=k, e=e, stride=stride, se_ratio=0.25, act=swish)
      stride = 1  # the first block of a stage has its stride
    }
  }
  return x |> conv_bn_act(1280, act=swish) |> global_avg_pool |> dropout(0.2) |> linear(classes)
}
