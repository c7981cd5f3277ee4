# RUN: opt %s -p "sample{seed=308}" --print-after-all --form source
use ops
candidates some = none | skip | sep_conv(k={3, 5})
cell c(a, b) {
  x = choose some from [a, b] keep some edges
  y = choose some from [a, b, x] keep any edges some ops
  return concat(x, y)
}
net n(image: tensor[4, 8, 8]) { return c(image, relu(image)) }
