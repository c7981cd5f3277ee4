# RUN: check %s
candidates some = relu | sigmoid
cell c(x) { return choose some from x keep 1 op }
stage s(x, inner: cell) { return inner@second(x) }
net n(image: tensor[4, 8, 8]) { return s(image, c@first) }
