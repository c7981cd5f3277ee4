# RUN: check %s
module n network {
  net @n.0(%image: tensor[3, 8, 8]) {
    %x = relu(%y) : tensor[3, 8, 8]
    return %x
  }
}
