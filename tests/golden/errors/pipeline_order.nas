# RUN: opt %s -p "derive"
candidates mine = relu | sigmoid
net n(image: tensor[8, 8, 8]) { return choose mine from image keep 1 op }
