# RUN: opt %s
module n relaxed {
  net @n.0(%image: tensor[3, 8, 8]) {
    %conv = relu(%image, mask=(0.005, 0.01)) : tensor[3, 8, 8]
    return %conv
  }
}
