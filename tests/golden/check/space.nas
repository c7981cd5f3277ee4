# RUN: check %s
use ops
candidates some = none | skip | sep_conv(k={3, 5})
cell c(a, b) { return choose some from [a, b] keep some edges }
net one(image: tensor[4, 8, 8]) { return c(image, relu(image)) }
net two(image: tensor[4, 8, 8]) { return conv(image, 4, bias=true) }
