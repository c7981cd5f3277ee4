# RUN: opt %s -p sample --form source
const width = 2 * 4
candidates ops = relu | sigmoid
block narrow(x: tensor[n // 2, width, width], n: int) { return choose ops from x keep 1 op }
net n(image: tensor[width, 8, 8]) { return narrow(image, n=2 * width) }
