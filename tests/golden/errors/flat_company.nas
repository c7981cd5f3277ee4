# RUN: check %s
use ops
module n network {
  net @n.0(%image: tensor[3, 8, 8]) {
    return %image
  }
}
