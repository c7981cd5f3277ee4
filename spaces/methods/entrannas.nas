# EnTranNAS (Yang et al.: Towards Improving the Consistency, Efficiency, and Flexibility of Differentiable NAS, CVPR
# 2021), with the settings of its section 4.2. Each part can be left out: engines=all, share=false, ratio=1.
# engines: first, last, half, all, or a list of places such as (0, 2). ratio: what the bottleneck divides channels by.

method entrannas(
    epochs = 50, batch = 512, order = first_order, split = 0.5, lr = 0.2, lr_end = 0.0, arch_lr = 6e-4, cutout = 0,
    temperature = 5.0, anneal = 0.923, engines = first, share = true, ratio = 4,
) {
  relax(temperature=temperature, anneal=anneal)
  if share { share_features() }
  if ratio > 1 { bottleneck(ratio=ratio) }
  transit(engines=engines)
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, cutout=cutout, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=3e-4),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive()
}
