# One-shot search without learning an architecture: each step trains one operation of each choice, drawn uniformly (Guo et
# al.: Single Path One-Shot Neural Architecture Search with Uniform Sampling, ECCV 2020; RandomNAS, Li and Talwalkar, UAI
# 2019); then paths are judged with the supernet's weights on held-out images, and the best is what was found.
# paths: how many are judged; by: loss or accuracy, on so many images. gate: softmax trains the mixture of all paths.
# augment: crops and flips.

method one_shot(
    epochs = 50, batch = 64, gate = gumbel_max, paths = 1000, by = accuracy, images = 5000, split = 0.8, lr = 0.025,
    lr_end = 0.001, cutout = 0, augment = true,
) {
  relax(gate=gate, deviation=0)
  train(
      weights, epochs=epochs, batch=batch, split=split, cutout=cutout, augment=augment, clip=5.0,
      weights=sgd(lr=cosine(lr, lr_end), momentum=0.9, decay=3e-4),
  )
  select(sample=paths, by=by, images=images)
}
