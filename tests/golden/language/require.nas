# RUN: opt %s
candidates sizes = conv(k={1, 3}) | shrink when legal | other: shrink(by=3) when legal
block shrink(x, by = 2) {
  require x.height % by == 0
  require by != 3
  return x |> relu
}
net n(image: tensor[3, 8, 8]) { return choose sizes from image keep 1 op }
