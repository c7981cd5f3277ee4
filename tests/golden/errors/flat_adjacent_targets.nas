# RUN: check %s
module n space {
  net @n.0(%image: tensor[3, 8, 8]) {
    %y = choose adjacent 2 from [%image, %image, %image] : tensor[3, 8, 8]
    return %y
  }
}
