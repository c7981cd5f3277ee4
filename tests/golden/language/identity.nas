# RUN: opt %s
use ops
candidates links = skip | relu
cell through(x) { return x }
block forward(x) { return ops.relu_conv_bn(x, 4) }
cell unused(x, y) { return relu(y) }
net n(image: tensor[3, 8, 8]) {
  x = through(image)
  x = forward(x)
  x = unused(image, x)
  return choose links from x keep 1 op
}
