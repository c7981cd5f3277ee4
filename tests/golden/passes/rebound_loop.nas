# RUN: opt %s -p sample --form source
candidates ops = relu | sigmoid
net n(image: tensor[3, 8, 8]) {
  w = image
  for x in [image, w] { w = w + (choose ops from x keep 1 op) }
  return w
}
