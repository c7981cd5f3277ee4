# Hc-DAS, the cell level of H-DAS (Liu et al.: Hierarchical Differentiable Architecture Search, 2021, sections 3.1 and 6.4):
# DARTS with cells of their own for each stage, three normal ones and two that reduce. Takes any net of cells, also one that
# has them already (the space hc_das).

method hc_das(
    epochs = 50, batch = 64, order = first_order, split = 0.5, lr = 0.025, lr_end = 0.001, decay = 2.7e-3,
    arch_lr = 3e-4, cutout = 0,
) {
  stage_cells()
  relax()
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, cutout=cutout, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=decay),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive()
}
