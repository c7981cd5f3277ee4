# RUN: opt %s -p stage_cells,sample{seed=1} --form source
# A parameter may be called as what the new text needs a name for.
candidates ops = relu | sigmoid
cell one(x, reduction = 2) {
  y = choose ops from x keep 1 op
  return y |> avg_pool(k=2, stride=reduction)
}
net n(image: tensor[2, 8, 8]) { return image |> one |> one }
