# RUN: check %s --set inner=ops.sepconv
use ops
candidates some = relu | skip
cell c(x) { return choose some from x keep 1 op }
stage s(x, inner: cell) { return inner@second(x) }
net n(image: tensor[4, 8, 8], inner: block = ops.skip) { return s(inner(image), c@first) }
net m(image: tensor[4, 8, 8], inner: block = ops.skip) { return s(inner(image), c@first) }
