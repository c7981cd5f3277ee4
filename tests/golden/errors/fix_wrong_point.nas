# RUN: opt %s -p "fix{point=passes/values/wrong_point.json}"
candidates mine = relu | sigmoid
cell normal(x, y) { return choose mine from [x, y] keep 1 edge }
net n(image: tensor[8, 8, 8]) { return normal(image, image) }
