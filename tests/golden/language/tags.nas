# RUN: opt %s -p relax
candidates ops = relu | sigmoid
cell c(x) { return choose ops from x keep 1 op }
net n(image: tensor[3, 8, 8]) {
  x = image |> c |> c@1 |> c@left |> c@1
  for i in 1..3 { x = c@(i)(x) }
  return x
}
