# RUN: opt %s -p sample{seed=2} --form source
candidates ops = relu | sigmoid
cell one(x) { return choose ops from x keep 1 op }
net n(image: tensor[2, 8, 8], cells = 4) {
  x = image
  for s in 0..2 {
    for i in s * cells // 2..(s + 1) * cells // 2 {
      if s > 0 and i == s * cells // 2 { x = one@(s - 1)(x) } else { x = one@(s)(x) }
    }
  }
  return x
}
