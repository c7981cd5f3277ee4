# RUN: opt %s:outer -p "sample{seed=0}" --form source
# A net that another returns takes what it is given, also where it is printed as a stage.
candidates ops = conv(k={1, 3})
net inner(image: tensor[3, 8, 8], classes = 10) {
  x = choose ops from image keep 1 op
  return x |> global_avg_pool |> linear(classes)
}
net outer(image: tensor[3, 4, 4], classes = 5) { return inner(image, classes=classes) }
