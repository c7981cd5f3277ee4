# The FBNet space (Wu et al.: FBNet, CVPR 2019, Table 1), as in HourNAS, Tables 8 and 9: 22 layers of 9 blocks. Where
# a layer changes its shape, skip is no candidate, so there are 8^6 * 9^16 networks.

use ops

candidates fbnet_ops(out, stride) =
    mbconv(k={3, 5}, e={1, 3, 6}, out, stride)
  | mbconv_g2: mbconv(k={3, 5}, e=1, groups=2, out, stride)
  | skip: identity(out, stride) when legal

net fbnet(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_relu(image, round_to(16 * width, 8), k=3, stride=2)
  for (out, n, s) in [(16, 1, 1), (24, 4, 2), (32, 4, 2), (64, 4, 2), (112, 4, 1), (184, 4, 2), (352, 1, 1)] {
    for i in 0..n {
      x = choose fbnet_ops(out=round_to(width * out, 8), stride=s if i == 0 else 1) from x keep 1 op
    }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
