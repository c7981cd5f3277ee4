# RUN: check %s
net n(image: tensor[3, 8, 8]):
  return relu(image)
