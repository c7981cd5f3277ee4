# RUN: check %s
use parts.broken
net n(image: tensor[3, 8, 8]) { return b(image) }
