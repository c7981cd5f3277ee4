# RUN: check %s
candidates ops = relu | sigmoid
cell a(x) {
  return choose ops from x
}
cell b(x) {
  return choose ops from x keep two edges
}
cell c(x) {
  return choose ops keep 2 edges
}
