# The cell space of DARTS on ImageNet (Liu, Simonyan, Yang, ICLR 2019): a stem of three convolutions that leaves an
# eighth of the height and width, 14 cells. Any DARTS cells go in; by default, those of darts.nas are searched.

use ops
use darts

net darts_imagenet(
    image: tensor[3, 224, 224], channels = 48, cells = 14, classes = 1000, normal: cell = darts.normal,
    reduce: cell = darts.reduce,
) {
  s0 = image |> conv_bn_relu(channels // 2, k=3, stride=2) |> conv_bn(channels, k=3, stride=2)
  s1 = s0 |> relu_conv_bn(channels, k=3, stride=2)
  c = channels
  for i in 0..cells {
    if i == cells // 3 or i == 2 * cells // 3 {
      c = 2 * c
      cell[i] = reduce(s0, s1, c)
    } else {
      cell[i] = normal(s0, s1, c)
    }
    s0, s1 = s1, cell[i]
  }
  return s1 |> global_avg_pool |> linear(classes)
}
