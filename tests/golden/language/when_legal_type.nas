# RUN: opt %s --set "image=(4, 8, 8)"
use ops

# `relu` keeps the size, so it goes where the others halve it; nothing inside it says so.
candidates ops(stride) = conv_3x3: conv(k=3, stride=stride) | conv_5x5: conv(k=5, stride=stride) | relu when legal

net chain(image: tensor[4, 8, 8]) {
  x = choose ops(2) from image keep 1 op
  y = choose ops(1) from x keep 1 op
  return y |> global_avg_pool
}
