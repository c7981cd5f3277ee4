# RUN: opt %s --set act=sigmoid --set kind=odd --set ops=others --form source -p sample
use ops
candidates some(k: int) = skip | sep_conv(k)
candidates others(k: int) = sep_conv(k) | dil_conv(k)
block body(x: tensor, act: block = relu, widths: list = [4, 8], rate: number = 0.5, deep: bool = false) {
  for width in widths { x = x |> act |> conv(width) }
  return x * rate if not deep else x
}
cell one(x: tensor[8, 4, 4], ops: candidates, k: int = 3) { return choose ops(k) from x keep 1 op }
stage twice(x, inner: cell, ops: candidates) {
  for i in 0..2 { x = inner@(i)(x, ops) }
  return x
}
net n(image: tensor[3, 4, 4], ops: candidates = some, act: block = relu, kind: string = "plain") {
  x = body(image, act)
  if kind == "plain" { x = one(x, ops=some) } else { x = twice(x, inner=one, ops=ops) }
  return x
}
