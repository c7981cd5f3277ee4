# RUN: opt %s -p "widen{edges=some,ops=any},relax{gate=gumbel_max,anneal=0.9},sparsify,transit{engines=none,rule=nonzero}"
use ops
candidates some = skip | pool: max_pool_3x3
net n(image: tensor[3, 8, 8]) {
  x = choose some from image keep 1 op
  return x |> global_avg_pool |> linear(10)
}
