# RUN: opt %s -p relax,depth_loss{weight=0.5},complexity_loss{weight=0.1,unit=1000}
candidates links = none | skip | relu
cell pair(a, b) { return conv(a, k=3) + b }

stage row(image, cells = 3) {
  c[0] = image
  c[1] = image
  for i in 2..cells + 2 { c[i] = pair(*choose links from c[i - 2..i] keep 2 edges) }
  return concat(*choose adjacent 2 from c[2..cells + 2])
}

block none(x) { return zero(x) }
block skip(x) { return x }
net rows(image: tensor[2, 4, 4]) { return row(image) |> relu }
