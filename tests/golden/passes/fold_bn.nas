# RUN: opt %s -p fold_bn
# In `block`s that several calls share; behind a concatenation; two in a row; but not where somebody else reads the
# convolution, and not behind a pooling.
use ops
net n(image: tensor[4, 8, 8]) {
  a = relu_conv_bn(image)
  b = relu_conv_bn(a) |> batch_norm
  c = factorized_reduction(b, 6) |> conv(bias=true) |> batch_norm |> batch_norm(affine=false)
  read = conv(c)
  return concat(max_pool(c, pad=1) |> batch_norm, batch_norm(read), read)
}
