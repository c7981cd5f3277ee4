# RUN: check %s
module n network {
  net @n.0(%image) {
    return %image
  }
}
