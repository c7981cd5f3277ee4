# RUN: check %s
net n(image: tensor[3, 8], other: tensor, third: map[3, 8, 8], fourth: tensor[0, 8, 8]) { return image }
