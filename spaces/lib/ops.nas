# The block library: what papers call operations, written over primitives.

block none(x, stride = 1) { return zero(x, stride=stride) }
block max_pool_3x3(x, stride = 1) { return x |> max_pool(k=3, stride=stride, pad=1) |> batch_norm(affine=false) }

block avg_pool_3x3(x, stride = 1) {
  return x |> avg_pool(k=3, stride=stride, pad=1, count_pad=false) |> batch_norm(affine=false)
}

block skip(x, stride = 1) {
  if stride == 1 { return x } else { return factorized_reduction(x, x.channels) }
}

block identity(x, out = x.channels, stride = 1) {
  require stride == 1 and out == x.channels  # `when legal` reads this
  return x
}

# Halves height and width without dropping pixels: two 1x1 convolutions, one of them a pixel aside.
block factorized_reduction(x, out) {
  y = relu(x)
  a = conv(y, out // 2, stride=2)
  b = conv(slice(y, top=1, left=1), out - out // 2, stride=2)
  return concat(a, b) |> batch_norm
}

block relu_conv_bn(x, out = x.channels, k = 1, stride = 1) {
  return x |> relu |> conv(out, k=k, stride=stride) |> batch_norm
}

block sep_conv(x, k, stride = 1) {
  for s in [stride, 1] {
    x = x |> relu |> conv(k=k, stride=s, groups=x.channels) |> conv |> batch_norm
  }
  return x
}

block dil_conv(x, k, stride = 1) {
  return x |> relu |> conv(k=k, stride=stride, dilation=2, groups=x.channels) |> conv |> batch_norm
}

# like: the value whose height and width are wanted
block preprocess(x, out, like) {
  if x.height == like.height { return relu_conv_bn(x, out) } else { return factorized_reduction(x, out) }
}
