# MnasNet-A1 (Tan et al.: MnasNet, CVPR 2019, Figure 7).

use ops

net mnasnet_a1(image: tensor[3, 224, 224], classes = 1000) {
  x = conv_bn_relu(image, 32, k=3, stride=2) |> mbconv(16, k=3, e=1, expand_always=false)
  stages = [
      (24, 2, [(3, 6, 0), (3, 6, 0)]), (40, 2, [(5, 3, 0.25), (5, 3, 0.25), (5, 3, 0.25)]),
      (80, 2, [(3, 6, 0), (3, 6, 0), (3, 6, 0), (3, 6, 0)]), (112, 1, [(3, 6, 0.25), (3, 6, 0.25)]),
      (160, 2, [(5, 6, 0.25), (5, 6, 0.25), (5, 6, 0.25)]), (320, 1, [(3, 6, 0)]),
  ]
  for (out, stride, blocks) in stages {
    for (k, e, se_ratio) in blocks {
      x = mbconv(x, out, k=k, e=e, stride=stride, se_ratio=se_ratio)
      stride = 1  # the first block of a stage has its stride
    }
  }
  return x |> conv_bn_relu(1280) |> global_avg_pool |> linear(classes)
}
