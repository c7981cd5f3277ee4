# RUN: fmt --diff %s
method nested(lr = 0.1, rate = 0.0, epochs = 3) {
  relax()
  compete(partition(by=node, at=0), train(weights, arch, epochs=epochs, batch=64, split=0.5, clip=5.0, weights=sgd(lr=cosine(lr, rate, unit=step) if rate > 0.0 else linear(lr, 0.0, over=100, since=25, hold=true), momentum=0.9, decay=3e-4)), groups=gradients)
  derive()
}
