# RUN: opt %s -p dce
# `unread` and what it stands on go, and so does the input of `first` that its output does not need.
block first(x, y) {
  unused = conv(y)
  return relu(x)
}
net n(image: tensor[4, 8, 8]) {
  a = conv(image)
  b = conv(image, k=3)
  unread = b |> batch_norm
  return first(a, b)
}
