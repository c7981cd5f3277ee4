# RUN: check %s
net n(image: tensor[3, 8, 8]) {
  x = image |>
  return x
}
