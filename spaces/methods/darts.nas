# DARTS (Liu, Simonyan, Yang, ICLR 2019), with the settings of its search on CIFAR-10.
# order: first_order, second_order (one unrolled step), or none. levels: 2 weighs edges, too (HM-NAS, Eq. 2). gate: softmax;
# gumbel_softmax, as in SNAS; gumbel_max, as in GDAS. anneal: what the temperature is multiplied by after each epoch.
# augment: crops and flips.

method darts(
    epochs = 50, batch = 64, order = first_order, split = 0.5, lr = 0.025, lr_end = 0.001, arch_lr = 3e-4, cutout = 0,
    augment = true, levels = 1, gate = softmax, temperature = 1.0, anneal = 1.0,
) {
  relax(levels=levels, gate=gate, temperature=temperature, anneal=anneal)
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, cutout=cutout, augment=augment, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=3e-4),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  derive()
}
