# EfficientNet-B0 (Tan, Le: EfficientNet, ICML 2019, Table 1), without stochastic depth.

use ops

net efficientnet_b0(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_act(image, round_to(32 * width, 8), k=3, stride=2, act=swish)
  stages = [
      (3, 1, 16, 1, 1), (3, 6, 24, 2, 2), (5, 6, 40, 2, 2), (3, 6, 80, 3, 2), (5, 6, 112, 3, 1), (5, 6, 192, 4, 2),
      (3, 6, 320, 1, 1),
  ]
  for (k, e, out, n, s) in stages {
    for i in 0..n {
      x = mbconv(
          x, round_to(width * out, 8), k=k, e=e, stride=s if i == 0 else 1, se_ratio=0.25, expand_always=false,
          act=swish,
      )
    }
  }
  return x |> conv_bn_act(round_to(1280 * width, 8), act=swish) |> global_avg_pool |> dropout(0.2) |> linear(classes)
}
