# The FBNet space with 7x7 kernels and without groups (Yang et al.: HourNAS, CVPR 2021, Tables 10 and 11): 10 blocks.

use ops

candidates fbnet_k7_ops(out, stride) =
    mbconv(k={3, 5, 7}, e={1, 3, 6}, out, stride)
  | skip: identity(out, stride) when legal

net fbnet_k7(image: tensor[3, 224, 224], width = 1.0, classes = 1000) {
  x = conv_bn_relu(image, round_to(16 * width, 8), k=3, stride=2)
  for (out, n, s) in [(16, 1, 1), (24, 4, 2), (32, 4, 2), (64, 4, 2), (112, 4, 1), (184, 4, 2), (352, 1, 1)] {
    for i in 0..n {
      x = choose fbnet_k7_ops(out=round_to(width * out, 8), stride=s if i == 0 else 1) from x keep 1 op
    }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
