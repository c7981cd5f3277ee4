# RUN: check %s
module n relaxed {
  net @n.0(%image: tensor[3, 8, 8]) {
    return %image
  }
  noise %arch.n.x.noise = normal([1, 2])
}
