# RUN: propose %s --target macs=50% -m 1
candidates mine = conv_3x3: conv(k=3) | conv_5x5: conv(k=5)
net n(image: tensor[8, 8, 8]) { return choose mine from image keep 1 op }
