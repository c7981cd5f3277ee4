# RUN: propose %s --target macs=40% --target params=1% -m 1
candidates mine = conv_3x3: conv(k=3) | conv_5x5: conv(k=5) | conv_1x1: conv(k=1)
net n(image: tensor[8, 8, 8]) {
  for i in 0..12 { image = choose mine from image keep 1 op }
  return image
}
