# RUN: opt %s
module n network {
  block @stem.0(%x: tensor[3, 8, 8]) {
    %conv = conv(%x, out=4, k=(3, 1), pad=(1, 0), bias=true) : tensor[4, 8, 8]
    %bn = batch_norm(%conv, affine=false, eps=0.001) : tensor[4, 8, 8]
    return %bn
  }
  net @n.0(%image: tensor[3, 8, 8]) {
    %a = @stem.0(%image) : tensor[4, 8, 8]
    %b.0 = @stem.0@left(%image) : tensor[4, 8, 8]
    %sum = add(%a, %b.0, %a) : tensor[4, 8, 8]
    %half = scale(%sum, factor=-0.5) : tensor[4, 8, 8]
    return %half
  }
}
