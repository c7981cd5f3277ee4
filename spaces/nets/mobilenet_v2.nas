# MobileNetV2 (Sandler et al.: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, Table 2).

use ops

net mobilenet_v2(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_act(image, round_to(32 * width, 8), k=3, stride=2, act=relu6)
  stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
  for (e, out, n, s) in stages {
    for i in 0..n {
      x = mbconv(x, round_to(out * width, 8), k=3, e=e, stride=s if i == 0 else 1, expand_always=false, act=relu6)
    }
  }
  x = conv_bn_act(x, round_to(1280 * max(1.0, width), 8), act=relu6)
  return x |> global_avg_pool |> dropout(0.2) |> linear(classes)
}
