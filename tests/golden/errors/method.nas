# RUN: check %s
method m(epochs = 10, rate) {
  relaks()
  relax(affine=3)
  train(weights, epoch=epochs)
  x = 3
  for i in epochs { relax() }
  derive(rule=top_edges)
}
