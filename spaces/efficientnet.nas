# The EfficientNet space as HourNAS has it (Yang et al.: HourNAS, CVPR 2021, Tables 14 and 15): 7 blocks, all with
# squeeze-and-excitation, in each layer, the first one too (EfficientNet-Max changes it). EfficientNet: Tan, Le, ICML 2019.

use ops

candidates efficientnet_ops(out, stride) =
    mbconv(k={3, 5}, e={1, 3, 6}, se_ratio=0.25, act=swish, out, stride)
  | skip: identity(out, stride) when legal

net efficientnet(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_act(image, round_to(32 * width, 8), k=3, stride=2, act=swish)
  for (out, n, s) in [(16, 1, 1), (24, 4, 2), (40, 4, 2), (80, 4, 2), (112, 4, 1), (192, 4, 2), (320, 1, 1)] {
    for i in 0..n {
      x = choose efficientnet_ops(out=round_to(width * out, 8), stride=s if i == 0 else 1) from x keep 1 op
    }
  }
  x = conv_bn_act(x, round_to(1280 * max(1.0, width), 8), act=swish)
  return x |> global_avg_pool |> dropout(0.2) |> linear(classes)
}
