# RUN: check %s --set depth=3
method m(epochs = 10) {
  relaks()
  relax(affine=3)
  train(weights, epoch=epochs)
  x = 3
  for i in epochs { relax() }
}
