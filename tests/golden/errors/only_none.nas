# RUN: check %s
use ops
candidates nothing = none
candidates both = none | skip
cell c(x, y) { return choose nothing from x and both from y keep 2 edges }
net n(image: tensor[3, 8, 8]) { return c(image, image) }
