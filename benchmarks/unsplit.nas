# What benchmarks/hep_nas.py compares contests with: the same supernet, trained in the same way, that is not split.
# Weights train for `epochs` with uniform architecture parameters, which then learn with them for `final` epochs.

method unsplit(epochs = 2, final = 1, batch = 64, split = 0.5, lr = 0.1, lr_end = 0, decay = 3e-4, final_lr = 3e-3) {
  relax()
  train(
      weights, epochs=epochs, batch=batch, split=split, augment=false, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=decay),
  )
  train(
      weights, arch, epochs=final, batch=batch, split=split, augment=false, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end, unit=step), momentum=0.9, decay=decay),
      arch=adam(lr=final_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive()
}
