# RUN: opt %s --form source
module n network {
  net @n.0(%image: tensor[3, 8, 8]) {
    return %image
  }
}
