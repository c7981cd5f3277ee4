# RUN: opt %s
module n relaxed {
  block @r.0(%x: tensor[3, 8, 8]) {
    %relu = relu(%x) : tensor[3, 8, 8]
    return %relu
  }
  candidates @candidates.0 = a: @r.0 | b: @r.0
  net @n.0(%image: tensor[3, 8, 8]) {
    %x = choose @candidates.0 from %image keep 1 op : tensor[3, 8, 8]
    return %x
  }
  parameter %arch.n.x.alpha = normal(shape=0.001, deviation=[1, 2])
  gate %x = softmax(%arch.n.x.alpha)
  value %v = 1.0
}
