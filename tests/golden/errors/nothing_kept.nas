# RUN: opt %s -p "fix{point=passes/values/nothing.json}"
candidates wide = conv(8) | conv_k3: conv(8, k=3)
cell c(a, b) { return choose wide from [a, b] keep any edges }
net n(image: tensor[4, 8, 9]) { return c(image, relu(image)) }
