# RUN: opt %s -p relax,vital
use ops
candidates few(out, stride) = wide: relu_conv_bn(out, k=3, stride) | narrow: relu_conv_bn(out, k=1, stride) | skip: same(out, stride) when legal
block same(x, out, stride) {
  require stride == 1 and out == x.channels
  return x
}
net n(image: tensor[4, 8, 8]) {
  x = image
  for (out, stride) in [(4, 1), (8, 1), (8, 1)] { x = choose few(out=out, stride) from x keep 1 op }
  return x |> global_avg_pool |> linear(10)
}
