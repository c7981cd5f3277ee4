# RUN: check %s
use ops
candidates mine = relu | sep_cnv(k=3) | skp
cell c(x, channels) {
  y = conf(x, chanels)
  return concat(y, x[0])
}
net n(image: tensor[3, 8, 8], classes = 10) {
  x = imag |> conv(16) |> ops.sep_cov(k=3) |> ops.nothing_like_it
  return x |> global_avg_pol |> linear(clases)
}
