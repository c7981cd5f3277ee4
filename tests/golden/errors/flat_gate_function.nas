# RUN: check %s
module n relaxed {
  net @n.0(%image: tensor[3, 8, 8]) {
    return %image
  }
  gate %y = sofmax(%arch.n.x.beta)
}
