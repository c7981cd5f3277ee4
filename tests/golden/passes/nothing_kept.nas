# RUN: opt %s -p "fix{point=passes/values/nothing.json}" --form source
candidates halves = max_pool(stride=2, pad=1) | avg_pool(stride=2, pad=1)
cell c(a, b) { return choose halves from [a, b] keep any edges }
net n(image: tensor[4, 8, 9]) { return c(image, relu(image)) }
