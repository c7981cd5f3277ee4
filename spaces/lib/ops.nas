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

# A row of k taps, then a column of k taps.
block conv_1xk_kx1(x, k, stride = 1) {
  return x |> relu |> conv(k=(1, k), stride=(1, stride)) |> conv(k=(k, 1), stride=(stride, 1)) |> batch_norm
}

block conv_7x1_1x7(x, stride = 1) { return conv_1xk_kx1(x, k=7, stride=stride) }

# The mean of each 3x3 window and nothing behind it (NAS-Bench-201).
block avg_pool_plain(x) { return avg_pool(x, k=3, pad=1, count_pad=false) }

# Halves height and width between the stages of NAS-Bench-201.
block residual(x, out) {
  y = x |> relu_conv_bn(out, k=3, stride=2) |> relu_conv_bn(out, k=3)
  return y + (x |> avg_pool(k=2, stride=2) |> conv(out))
}

block conv_bn(x, out = x.channels, k = 1, stride = 1, groups = 1) {
  return x |> conv(out, k=k, stride=stride, groups=groups) |> batch_norm
}

block conv_bn_act(x, out = x.channels, k = 1, stride = 1, groups = 1, act = relu) {
  return x |> conv(out, k=k, stride=stride, groups=groups) |> batch_norm |> act
}

block conv_bn_relu(x, out = x.channels, k = 1, stride = 1, groups = 1) {
  return x |> conv(out, k=k, stride=stride, groups=groups) |> batch_norm |> relu
}

# Squeeze-and-excitation (Hu et al., CVPR 2018).
block se(x, squeeze, act = relu) {
  factors = x |> global_avg_pool |> linear(squeeze) |> act |> linear(x.channels) |> sigmoid
  return scale_channels(x, factors)
}

# The inverted residual (Sandler et al., CVPR 2018): 1x1 to e times the channels, depthwise, 1x1 back.
# se_ratio is a part of the block's input channels (0: none). MobileNetV2, MnasNet and EfficientNet leave out the first
# 1x1 at e=1, FBNet keeps it: expand_always.
block mbconv(x, out, k, e, stride = 1, groups = 1, se_ratio = 0, expand_always = true, act = relu) {
  y = x
  if e > 1 or expand_always {
    y = conv_bn_act(y, e * x.channels, groups=groups, act=act)
    if groups > 1 { y = channel_shuffle(y, groups=groups) }
  }
  y = conv_bn_act(y, k=k, stride=stride, groups=y.channels, act=act)
  if se_ratio > 0 { y = se(y, max(1, floor(se_ratio * x.channels)), act=act) }
  y = conv_bn(y, out, groups=groups)
  if stride == 1 and out == x.channels { y = y + x }
  return y
}
