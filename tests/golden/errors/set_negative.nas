# RUN: check %s --set channels=-4
net n(image: tensor[3, 8, 8], channels = 4) { return conv(image, channels) }
