# RUN: check %s
module n space {
  net @n.0(%image: tensor[3, 8, 8]) {
    %y.0, %y.1 = choose adjacent 3 from [%image, %image] : tensor[3, 8, 8]
    return %y.0
  }
}
