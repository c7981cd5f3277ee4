# RUN: check %s
module n network {
  net @n.0(%image: tensor[3, 8, 8]) {
    %x = conv(%image, 8, kernel=3) : tensor[8, 8, 8]
    return %x
  }
}
