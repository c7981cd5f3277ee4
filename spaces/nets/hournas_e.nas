# HourNAS-E, of the MnasNet space (Yang et al.: HourNAS, CVPR 2021, Table 13, where k3e3s3 stands for k3e3se).

use ops

net hournas_e(image: tensor[3, 224, 224], classes = 1000) {
  x = conv_bn_relu(image, 32, k=3, stride=2) |> mbconv(16, k=3, e=1, expand_always=false)
  stages = [
      (24, 2, [(5, 6, 0), (3, 3, 0.25), (3, 1, 0.25), (3, 3, 0)]),
      (40, 2, [(5, 6, 0.25), (5, 1, 0), (3, 1, 0.25), (5, 1, 0)]),
      (80, 2, [(5, 6, 0.25), (3, 3, 0.25), (3, 3, 0), (3, 3, 0.25)]),
      (112, 1, [(5, 6, 0.25), (3, 3, 0.25), (3, 3, 0), (3, 3, 0)]),
      (160, 2, [(5, 6, 0.25), (3, 6, 0), (5, 3, 0.25), (5, 3, 0.25)]), (320, 1, [(5, 6, 0.25)]),
  ]
  for (out, stride, blocks) in stages {
    for (k, e, se_ratio) in blocks {
      x = mbconv(x, out, k=k, e=e, stride=stride, se_ratio=se_ratio)
      stride = 1  # the first block of a stage has its stride
    }
  }
  return x |> conv_bn_relu(1280) |> global_avg_pool |> linear(classes)
}
