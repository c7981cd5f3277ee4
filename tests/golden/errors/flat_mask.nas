# RUN: opt %s
module n network {
  net @n.0(%image: tensor[3, 8, 8]) {
    %conv = conv(%image, out=4, pad=0, mask=0.005) : tensor[4, 8, 8]
    return %conv
  }
}
