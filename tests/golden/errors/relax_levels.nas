# RUN: opt %s -p "relax{levels=3}"
use ops
candidates few = none | skip
net n(image: tensor[3, 8, 8]) {
  x = choose few from image keep 1 op
  return x |> global_avg_pool |> linear(10)
}
