# RUN: opt %s
net n(
  image: tensor[3,
                8, 8],
  channels =
    4,
) {
  x = conv(
    image, channels,   # a comment
    k=3,
  )
    |> relu

    |> sigmoid
  y = x +
    relu(x)
  if channels == 4 {
 z = y }
  else { z = x }
  return z
}
