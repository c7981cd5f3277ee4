# RUN: check %s
net n(image: tensor[8, 8, 8]) { return n(image) }
