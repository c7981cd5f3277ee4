# RUN: check %s
module n network {
  net @n.0(%image: tensor[3, 8, 8]) {
    %conv = conv(%image, out=4, k=3, pad=1) : tensor[4, 8, 8]
    return %conv
  }
}
