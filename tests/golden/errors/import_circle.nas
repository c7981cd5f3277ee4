# RUN: check %s
use parts.circle_a
net n(image: tensor[3, 8, 8]) { return relu(image) }
