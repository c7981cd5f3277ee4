# RUN: check %s
method m(epochs = 10) {
  relaks()
  relax(affine=3)
  train(weights, epoch=epochs)
  train(weights, epochs=-1)
  train(3)
  x = 3
  for i in epochs { relax() }
  if epochs { relax() }
}
