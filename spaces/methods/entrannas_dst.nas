# EnTranNAS-DST (Yang et al., CVPR 2021, section 2.4), with the settings of section 4.2: the number of connections into
# each node is learned. sparsity: lambda of Eq. 11. coefficients: whether what is kept keeps its coefficient, in transit
# cells and in the derived network, which then computes what the engine computed.

method entrannas_dst(
    epochs = 50, batch = 512, order = first_order, split = 0.5, lr = 0.2, lr_end = 0.0, arch_lr = 6e-4, cutout = 0,
    temperature = 5.0, anneal = 0.923, sparsity = 0.1, engines = first, share = true, ratio = 4, coefficients = false,
) {
  widen(edges=some, ops=any)
  relax(temperature=temperature, anneal=anneal)
  sparsify(weight=sparsity)
  if share { share_features() }
  if ratio > 1 { bottleneck(ratio=ratio) }
  transit(engines=engines, rule=nonzero, coefficients=coefficients)
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, cutout=cutout, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=3e-4),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive(rule=nonzero, coefficients=coefficients)
}
