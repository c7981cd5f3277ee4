# RUN: opt %s
net a(image: tensor[3, 8, 8]) { return relu(image) }
net b(image: tensor[3, 8, 8]) { return relu(image) }
