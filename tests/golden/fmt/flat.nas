# RUN: fmt --diff %s
module n   network {
  net @n.0( %image : tensor[ 3, 8, 8 ] ) {
    # a comment
    %conv = conv( %image, out = 4 ) : tensor[4,8,8] # another
    return %conv
  }
  parameter %arch.x = normal(0.001,[1,2])
  gate %x = softmax( %arch.x )
}
