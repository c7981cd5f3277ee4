# RUN: check %s
candidates ops = relu | sigmoid
net n(image: tensor[3, 8, 8]) { return image + choose ops from image keep 1 op }
