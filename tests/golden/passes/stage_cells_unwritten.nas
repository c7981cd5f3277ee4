# RUN: opt %s -p stage_cells --form source
candidates ops = relu | sigmoid
cell one(x) { return choose ops from x keep 1 op }
net n(image: tensor[2, 8, 8]) { return one(image) }
