# RUN: check %s
module n space {
  block @b.0(%x: tensor[3, 8, 8]) {
    %y = relu(%x) : tensor[3, 8, 8]
    return %y
  }
  candidates @candidates.0 = a: @b.0
  candidates @candidates.0 = c: @b.0
  net @n.0(%image: tensor[3, 8, 8]) {
    %x = choose @candidates.0 from %image keep 1 op : tensor[3, 8, 8]
    return %x
  }
}
