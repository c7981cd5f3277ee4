# HM-NAS (Yan et al.: HM-NAS: Efficient Neural Architecture Search via Hierarchical Masking, ICCV Workshops 2019),
# Algorithm 1 with the settings of its section 4.2: a supernet with weights on operations and edges is trained, then
# masks on operations, edges and kernels, then the network that they leave, from the weights that they leave.
#
# Each part can be left out: levels=1 (no weights on edges); operations=false, edges=false, kernels=false (masks of that
# level; without any on operations and edges the usual rule derives: use a space that says how many edges stay, as
# `darts` does); tune_epochs=0. probability_end: the probability of an architecture step falls to that from 1.
# tune_lr is DARTS' rate for derived networks, since the paper names none for CIFAR-10.

method hm_nas(
    epochs = 100, mask_epochs = 20, tune_epochs = 200, batch = 128, order = first_order, split = 0.8, lr = 0.1,
    lr_end = 0.0, arch_lr = 3e-4, warm = 10, probability_end = 0.0, levels = 2, operations = true, edges = true,
    kernels = true, threshold = 5e-3, init = 1e-2, mask_lr = 1e-4, arch_mask_lr = 1e-5, cut_after = 10,
    coefficients = true, tune_lr = 0.025, cutout = 16,
) {
  if operations or edges { widen(edges=some, ops=any) }
  relax(levels=levels)
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, split=split, arch_from=warm,
      arch_probability=linear(1.0, probability_end), clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=3e-4),
      arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
  )
  if operations or edges or kernels {
    mask(operations=operations, edges=edges, weights=kernels, threshold=threshold, init=init)
    train(
        trains=(masks, arch_masks) if kernels and (operations or edges) else masks if kernels else arch_masks,
        epochs=mask_epochs, batch=batch,
        masks=adam(lr=cut(mask_lr, mask_lr / 10, after=cut_after), betas=(0.9, 0.999), decay=0.0),
        arch_masks=adam(lr=cut(arch_mask_lr, arch_mask_lr / 10, after=cut_after), betas=(0.9, 0.999), decay=0.0),
    )
  }
  if operations or edges { derive(rule=mask, coefficients=coefficients) } else { derive(rule=top_edges) }
  if tune_epochs > 0 {
    train(
        weights, epochs=tune_epochs, batch=batch, cutout=cutout, keep_zeros=true, clip=5.0,
        weights=sgd(lr=cosine(tune_lr, 0.0), momentum=0.9, decay=3e-4),
    )
  }
}
