# RUN: opt %s
module n relaxed {
  net @n.0(%image: tensor[3, 8, 8]) {
    %conv = conv(*%image, out=4, pad=0) : tensor[4, 8, 8]
    return %conv
  }
}
