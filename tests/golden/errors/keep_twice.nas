# RUN: check %s
candidates ops = relu | sigmoid
cell c(x) { return choose ops from x keep 1 op 2 ops }
net n(image: tensor[3, 8, 8]) { return c(image) }
