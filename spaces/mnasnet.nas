# The MnasNet space as HourNAS has it (Yang et al.: HourNAS, CVPR 2021, Tables 12 and 13): 13 blocks, with and without
# squeeze-and-excitation. MnasNet: Tan et al., CVPR 2019.

use ops

candidates mnasnet_ops(out, stride) =
    mbconv(k={3, 5}, e={1, 3, 6}, out, stride)
  | mbconv_se: mbconv(k={3, 5}, e={1, 3, 6}, se_ratio=0.25, out, stride)
  | skip: identity(out, stride) when legal

net mnasnet(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_relu(image, round_to(32 * width, 8), k=3, stride=2)
  x = mbconv(x, round_to(16 * width, 8), k=3, e=1, expand_always=false)
  for (out, n, s) in [(24, 4, 2), (40, 4, 2), (80, 4, 2), (112, 4, 1), (160, 4, 2), (320, 1, 1)] {
    for i in 0..n {
      x = choose mnasnet_ops(out=round_to(width * out, 8), stride=s if i == 0 else 1) from x keep 1 op
    }
  }
  return x |> conv_bn_relu(1280) |> global_avg_pool |> linear(classes)
}
