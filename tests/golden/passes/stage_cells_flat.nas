# RUN: opt %s -p stage_cells
candidates ops = skip | relu
block skip(x) { return x }
cell normal(a, b) { return choose ops from [a, b] keep 1 edge }
cell down(x) {
  y = choose ops from x keep 1 op
  return y |> avg_pool(k=2, stride=2)
}

net staged(image: tensor[2, 8, 8], cells = 2) {
  x = image
  for i in 0..cells {
    x = normal(x, x)
    x = down(x)
  }
  return normal(x, x)
}
