# Hs-DAS, the stage level of H-DAS (Liu et al.: Hierarchical Differentiable Architecture Search, 2021, sections 3.2 and 6.4),
# for nets whose stages are graphs of cells (hs_das). depth: delta of the depth loss (Eq. 2); 0 leaves it out.

method hs_das(
    epochs = 50, batch = 64, order = first_order, split = 0.5, lr = 0.025, lr_end = 0.001, decay = 2.7e-3,
    arch_lr = 3e-4, cutout = 0, depth = 1.0,
) {
  relax()
  if depth > 0 { depth_loss(weight=depth) }
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, cutout=cutout, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=decay),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive()
}
