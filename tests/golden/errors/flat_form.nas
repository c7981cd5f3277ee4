# RUN: check %s
module n spce {
  net @n.0(%image: tensor[3, 8, 8]) {
    return %image
  }
}
