# RUN: opt %s -p canonicalize,dce
module n network {
  block @none.0(%x: tensor[4, 8, 8]) {
    %zero = zero(%x) : tensor[4, 8, 8]
    return %zero
  }
  net @n.0(%image: tensor[4, 8, 8]) {
    %none = @none.0(%image) : tensor[4, 8, 8]
    %less = add(%image, %none, %image) : tensor[4, 8, 8]
    %one = add(%none, %image) : tensor[4, 8, 8]
    %relu = relu(%none) : tensor[4, 8, 8]
    %pool = max_pool(%relu, stride=2, pad=1) : tensor[4, 4, 4]
    %conv = conv(%pool, out=4, pad=0) : tensor[4, 4, 4]
    %norm = batch_norm(%conv) : tensor[4, 4, 4]
    %biased = conv(%pool, out=4, pad=0, bias=true) : tensor[4, 4, 4]
    %wide = conv(%conv, out=6, pad=0) : tensor[6, 4, 4]
    %mean = global_avg_pool(%none) : tensor[4]
    %scaled = scale_channels(%one, %mean) : tensor[4, 8, 8]
    %half = sigmoid(%scaled) : tensor[4, 8, 8]
    %product = mul(%half, %scaled) : tensor[4, 8, 8]
    %same = scale(%less, factor=1.0) : tensor[4, 8, 8]
    %nothing = scale(%same, factor=0.0) : tensor[4, 8, 8]
    %twice = relu(%same) : tensor[4, 8, 8]
    %again = relu(%twice) : tensor[4, 8, 8]
    %all = slice(%again) : tensor[4, 8, 8]
    %alone = concat(%all) : tensor[4, 8, 8]
    %sum = add(%alone, %product, %half, %nothing) : tensor[4, 8, 8]
    %tail = concat(%norm, %biased, %wide) : tensor[14, 4, 4]
    %head = max_pool(%sum, stride=2, pad=1) : tensor[4, 4, 4]
    %both = concat(%head, %tail) : tensor[18, 4, 4]
    return %both
  }
}
