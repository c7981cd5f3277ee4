# RUN: opt errors/net_by_name.nas:smal
net small(image: tensor[3, 8, 8]) { return relu(image) }
net large(image: tensor[3, 32, 32]) { return relu(image) }
