# MnasNet-B1 (Tan et al.: MnasNet, CVPR 2019), the network without squeeze-and-excitation: torchvision's mnasnet1_0.

use ops

net mnasnet_b1(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_relu(image, round_to(32 * width, 8), k=3, stride=2)
  stages = [
      (3, 1, 16, 1, 1), (3, 3, 24, 3, 2), (5, 3, 40, 3, 2), (5, 6, 80, 3, 2), (3, 6, 96, 2, 1), (5, 6, 192, 4, 2),
      (3, 6, 320, 1, 1),
  ]
  for (k, e, out, n, s) in stages {
    for i in 0..n {
      x = mbconv(x, round_to(width * out, 8), k=k, e=e, stride=s if i == 0 else 1, expand_always=false)
    }
  }
  return x |> conv_bn_relu(1280) |> global_avg_pool |> dropout(0.2) |> linear(classes)
}
