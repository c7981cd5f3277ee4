# RUN: check %s
use ops
candidates some = relu_conv_bn | identity(out=4) when legal
cell c(x, channels) {
  y = relu_conv_bn(x, channels)
  return choose some from y keep 1 op
}
net n(image: tensor[3, 8, 8]) { return image |> c(4) |> c(8) }
