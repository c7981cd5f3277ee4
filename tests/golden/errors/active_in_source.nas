# RUN: check %s
candidates few = relu | sigmoid
net n(image: tensor[3, 8, 8]) {
  x = choose few from image at %home active relu keep 1 op
  y = choose few from x active relu keep 1 op
  return concat(*choose adjacent 2 from [x, y, x] active window_0)
}
