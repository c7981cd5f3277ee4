# RUN: opt %s -p "sample{seed=2}" --form source
candidates ops = relu | sigmoid | relu6
cell c(x) { return choose ops from x keep 1 op }
net n(image: tensor[3, 8, 8], depth = 3) {
  x = c(image)
  for i in 0..depth { x = c@(i)(x) }
  for i in 0..depth { x = conv(x, k=3) }
  return c(x)
}
