# RUN: check %s
module n network {
  block @r.0(%x: tensor[3, 8, 8], %y: tensor[3, 8, 8]) {
    %add = add(%x, %y) : tensor[3, 8, 8]
    return %add
  }
  net @n.0(%image: tensor[3, 8, 8]) {
    %x = @r.0(%image) : tensor[3, 8, 8]
    return %x
  }
}
