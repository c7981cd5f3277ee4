# The number of cells of each stage, then the stages (Liu et al.: Hierarchical Differentiable Architecture Search, 2021,
# section 3.2), for nets whose stages choose which neighbors give their output (hs_das_cells). First both losses and the
# pairs (Eqs. 3 to 6); then the strongest pair of each stage is fixed, the cells behind it go, and the stages that are left
# are searched again from the start.
# depth: delta, 0 leaves the depth loss out. complexity: gamma, 0 leaves the complexity loss out; the expected cost is
# counted in `unit`s, by default what it is at the start. restart: whether weights begin anew, too.

method hs_das_cells(
    cell_epochs = 50, epochs = 50, batch = 64, order = first_order, split = 0.5, lr = 0.025, lr_end = 0.001,
    decay = 2.7e-3, arch_lr = 3e-4, cutout = 0, depth = 1.0, complexity = 1.0, measure = macs, unit = 0.0,
    restart = true,
) {
  relax()
  if depth > 0 { depth_loss(weight=depth) }
  if complexity > 0 { complexity_loss(weight=complexity, measure=measure, unit=unit) }
  train(
      weights, arch, epochs=cell_epochs, batch=batch, bilevel=order, split=split, cutout=cutout, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=decay),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  decide(choices=windows)
  if restart { restart() }
  relax()
  if depth > 0 { depth_loss(weight=depth) }
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, cutout=cutout, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=decay),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive()
}
