# RUN: opt %s
use ops
cell wide(a, b, channels) { return conv(a, channels, k=3) + conv(b, channels, k=3) }
block second(a, b) { return b }
candidates joins(channels) = wide(channels) | add | second
net n(image: tensor[8, 8, 8], channels = 8) {
  a = conv(image)
  pair = [image, a]
  x = choose joins(channels) from (image, a) keep 1 op
  return choose joins(channels) from [(image, x), pair] keep 1 edge
}
