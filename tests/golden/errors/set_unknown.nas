# RUN: check %s --set chanels=8 --set depth=3
net n(image: tensor[3, 8, 8], channels = 4) { return conv(image, channels) }
