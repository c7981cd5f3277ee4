# The FBNet space with two blocks in a stage (HourNAS, Table 6), for small images: the stem keeps their size.

use ops

candidates shallow_ops(out, stride) =
    mbconv(k={3, 5}, e={1, 3, 6}, out, stride)
  | mbconv_g2: mbconv(k={3, 5}, e=1, groups=2, out, stride)
  | skip: identity(out, stride) when legal

net fbnet_shallow(image: tensor[3, 16, 16], width = 0.5, classes = 10) {
  x = conv_bn_relu(image, round_to(16 * width, 8), k=3)
  for (out, n, s) in [(16, 1, 1), (24, 2, 2), (32, 2, 2), (64, 2, 2), (112, 2, 1), (184, 2, 2), (352, 1, 1)] {
    for i in 0..n {
      x = choose shallow_ops(out=round_to(width * out, 8), stride=s if i == 0 else 1) from x keep 1 op
    }
  }
  return x |> conv_bn_relu(512) |> global_avg_pool |> linear(classes)
}
