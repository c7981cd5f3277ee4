# RUN: opt %s -p sample --form source
candidates ops = relu | sigmoid
cell normal(x) { return choose ops from x keep 1 op }
cell reduce(x) {
  x = max_pool(x, stride=2)
  return choose ops from x keep 1 op
}
net n(image: tensor[3, 8, 8], cells = 1) {
  x = image
  for i in 0..cells {
    if i == 1 { x = reduce(x) } else { x = normal(x) }
  }
  return x
}
