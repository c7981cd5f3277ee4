# RUN: check %s
method m(rising = linear(0.0, 1.0)) {
  train(weights, arch, arch_probability=rising)
  train(weights, arch, arch_probability=cosine(2.0, 0.0))
  train(weights, arch, arch_probability=-1)
  train(weights, weights=sgd(lr=cut(1e-4, 1e-5)))
  train(weights, weights=sgd(lr=exponential(0.1, factor=1.1)))
  train(weights, weights=sgd(lr=linear(0.1, 0.0, 10)))
  train(weights, weights=sgd(lr=linear(0.1, start=0.0, end=1)))
  train(weights, weights=sgd(lr=liner(0.1, 0.0)))
  train(weights, weights=sgd())
}
