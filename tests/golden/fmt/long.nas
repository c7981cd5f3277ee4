# RUN: fmt --diff %s
const table = [(16, 1, 1, "first stage"), (24, 4, 2, "second stage"), (32, 4, 2, "third stage"), (64, 4, 2, "fourth stage"), (112, 4, 1)]
candidates many(out, stride) = mbconv(out, stride, k={3, 5}, e={1, 3, 6}) | mbconv(out, stride, k={3, 5}, e=1, g=2) | identity(out, stride) when legal
block long_pipe(x) { return x |> conv(x.channels, k=3, stride=2) |> batch_norm(affine=false) |> relu |> conv(x.channels) |> batch_norm |> relu6 }
net a_net_with_many_parameters(image: tensor[3, 224, 224], channels = 16, cells = 8, classes = 10, stem = 3, width = 1.0) {
  x = conv(image, out=channels, k=3, stride=2, pad=1, dilation=1, groups=1, bias=false) # a call that is long indeed
  y = choose many(out=channels, stride=1) from [image, x, image, x] and many(out=channels, stride=2) from [x, x] keep 2 edges
  z = first_operation(x, k=3, stride=2) + second_operation(x, k=5, stride=2) + third_operation(x, k=7, stride=1) + y
  return z
}
