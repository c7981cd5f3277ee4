# RUN: opt %s -p "relax,derive" --values errors/no_such_run
candidates mine = relu | sigmoid
net n(image: tensor[8, 8, 8]) { return choose mine from image keep 1 op }
