# RUN: opt %s -p "relx,relax{affin=3},relax{affine=3},relax,relax"
net n(image: tensor[8, 8, 8]) { return relu(image) }
