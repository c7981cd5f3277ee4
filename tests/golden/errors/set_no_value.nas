# RUN: check %s --set channels=[
net n(image: tensor[3, 8, 8], channels = 4) { return conv(image, channels) }
