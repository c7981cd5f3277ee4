# RUN: opt %s -p stage_cells
candidates ops = relu | sigmoid
net chain(image: tensor[2, 8, 8]) { return choose ops from image keep 1 op }
