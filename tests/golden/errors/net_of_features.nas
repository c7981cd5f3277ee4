# RUN: check %s:n
net inner(x: tensor[64]) { return linear(x, 10) }
net n(image: tensor[3, 8, 8]) { return inner(image) }
