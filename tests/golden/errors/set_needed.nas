# RUN: check %s
net n(image: tensor[3, 8, 8], channels, classes) { return conv(image, channels) }
