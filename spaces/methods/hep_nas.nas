# HEP-NAS (Li et al.: HEP-NAS: Towards Efficient Few-shot Neural Architecture Search via Hierarchical Edge Partitioning,
# AAAI 2025), Algorithm 1 with the settings of its search with DARTS cells: the supernet is split at all edges into a
# node, its parts are trained beside one another, the best goes on to the next node.
#
# splits: for each split which node (or edge), the supernet's epochs before this phase, its epochs until the split, and
# those of each part. So NAS-Bench-201 has its three (the paper gives 10 epochs of parts, and none of the supernet):
# splits=((0, 0, 15, 10), (1, 15, 10, 10), (2, 25, 10, 10)), with total=35.
# total: the supernet's epochs, over which its learning rate falls. Those of parts do not count: the rate stands still,
# or falls from part_lr to part_lr_end where part_lr is given.
# by: node, or edge (few-shot NAS edge by edge). order: forward, reverse, random (drawn from order_seed). groups:
# gradients (the minimum cut of their similarities on some batches, in groups of `least` operations or more), random, or
# given (each operation by itself). distill: both, previous, siblings, none. learn: (weights, arch), or weights alone.
# final: epochs of the last part, which final_learn learns, with final_lr for the architecture parameters. paths: how
# many of its paths are judged to take the best; 0: what the architecture parameters say. score: accuracy (Eq. 5), or
# loss. augment: crops and flips. gate, temperature, anneal: the base method is that of darts; gumbel_softmax makes it
# SNAS', gumbel_max GDAS'.

method hep_nas(
    splits = ((0, 0, 15, 5), (1, 15, 10, 4), (2, 25, 10, 3), (3, 35, 10, 2)), total = 45, batch = 128, by = node,
    order = forward, order_seed = 0, groups = gradients, batches = 5, least = 2, distill = both, score = accuracy,
    learn = (weights, arch), split = 0.5, bilevel = first_order, lr = 0.025, lr_end = 0.001, part_lr = 0,
    part_lr_end = 0, arch_lr = 3e-4, final = 0, final_learn = (weights, arch), final_lr = 3e-4, decay = 3e-4, paths = 0,
    cutout = 0, augment = true, levels = 1, gate = softmax, temperature = 1.0, anneal = 1.0,
) {
  relax(levels=levels, gate=gate, temperature=temperature, anneal=anneal)
  for at, since, epochs, part_epochs in splits {
    if epochs > 0 {
      train(
          trains=learn, epochs=epochs, batch=batch, bilevel=bilevel, split=split, cutout=cutout, augment=augment,
          clip=5.0, weights=sgd(lr=cosine(lr, lr_end, over=total, since=since), momentum=0.9, decay=decay),
          arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
      )
    }
    compete(
        partition(by=by, at=at, order=order, seed=order_seed),
        train(
            trains=learn, epochs=part_epochs, batch=batch, bilevel=bilevel, split=split, cutout=cutout, augment=augment,
            clip=5.0,
            weights=sgd(
                lr=cosine(part_lr, part_lr_end, unit=step) if part_lr > 0
                    else cosine(lr, lr_end, over=total, since=since + epochs, hold=true),
                momentum=0.9, decay=decay,
            ),
            arch=adam(lr=arch_lr, betas=(0.5, 0.999), decay=1e-3),
        ),
        groups=groups, batches=batches, least=least, distill=distill, by=score,
    )
  }
  if final > 0 {
    train(
        trains=final_learn, epochs=final, batch=batch, bilevel=bilevel, split=split, cutout=cutout, augment=augment,
        clip=5.0,
        weights=sgd(lr=cosine(part_lr, part_lr_end, unit=step) if part_lr > 0 else lr_end, momentum=0.9, decay=decay),
        arch=adam(lr=final_lr, betas=(0.5, 0.999), decay=1e-3),
    )
  }
  if paths > 0 { select(sample=paths, by=score) } else { derive() }
}
