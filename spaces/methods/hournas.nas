# HourNAS (Yang et al.: HourNAS, CVPR 2021), for chains of blocks and other spaces of layers, with the settings of section
# 4.1. First the minimal supernet, which has vital blocks only; their best operations stay. Then proposals, distributions
# over networks that meet the targets, and the rest is searched in them. What is derived meets the targets.
# target: --target macs=300M --target params=60%, as of `archir propose`. latency: a table of `archir measure`, for targets
# in time. vital=false leaves the first stage out (Table 4); gate=gumbel_softmax runs all paths (Table 5). m: how many
# proposals. slope: alpha of Eq. 10. anneal: what the temperature is multiplied by at each step.
# arch_probability: one architecture step in four steps, so that both parts of the images (80/20) are seen as often.

method hournas(
    target = [], m = 8, vital = true, vital_epochs = 1, epochs = 1, batch = 64, split = 0.8, lr = 0.1, lr_end = 0.001,
    decay = 1e-4, arch_lr = 0.01, arch_probability = 0.25, slope = 1.0, gate = gumbel_max, temperature = 5.0,
    anneal = 0.9999, clip = 5.0, cutout = 0, within = 0.02, latency = "", proposal_seed = 0,
) {
  if vital {
    relax(gate=gate, tempers=probabilities, temperature=temperature, anneal=anneal, each=step)
    vital()
    train(
        weights, arch, epochs=vital_epochs, batch=batch, bilevel=first_order, split=split, cutout=cutout, clip=clip,
        arch_probability=arch_probability, weights=sgd(lr=cosine(lr, lr_end, unit=step), momentum=0.9, decay=decay),
        arch=adam(lr=arch_lr, betas=(0.9, 0.999), decay=0.0),
    )
    decide(choices="vital", target=target, within=within, latency=latency)
  }
  relax(gate=gate, tempers=probabilities, temperature=temperature, anneal=anneal, each=step)
  propose(target=target, m=m, seed=proposal_seed, slope=slope, within=within, latency=latency)
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=first_order, split=split, cutout=cutout, clip=clip,
      arch_probability=arch_probability, weights=sgd(lr=cosine(lr, lr_end, unit=step), momentum=0.9, decay=decay),
      arch=adam(lr=arch_lr, betas=(0.9, 0.999), decay=0.0),
  )
  derive(target=target, within=within, latency=latency)
}
