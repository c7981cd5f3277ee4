# RUN: check %s
module n network {
  block @b.0(%x: tensor[3, 8, 8]) {
    %y = relu(%x) : tensor[3, 8, 8]
    return %y
  }
  block @b.0(%x: tensor[3, 8, 8]) {
    %y = swish(%x) : tensor[3, 8, 8]
    return %y
  }
  net @n.0(%image: tensor[3, 8, 8]) {
    %x = @b.0(%image) : tensor[3, 8, 8]
    return %x
  }
}
