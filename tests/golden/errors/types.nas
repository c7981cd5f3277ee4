# RUN: check %s
block f(x: tensor, k: int, act: block = relu, widths: list = [8], deep: bool = false, rate: number = 1, s: string = "") {
  return x
}
block g(x: tensor[c, 8, 8], c: int) { return x }
block h(x: tensor, y: strng, z: float, a: int = 1.5, b: int[3], c: tensor[3, 8], d: 3, e: tensor[n, 8, 8], n = 0) {
  return x
}
cell c(x) { return x }
stage st(x, inner: cell, ops: candidates) { return x }
candidates o(k: int) = g(c=3) | g(c=k)
candidates maybe = relu | g(c=4) when legal
net n(image: tensor[3, 8, 8], size: int = 3) {
  a = f(image, 3.0)
  b = image |> f(k=4 / 2, act=c)
  d = f(image, 3, relu, 8)
  e = f(3, 3)
  f1 = f(image, 3, deep=1, rate="much", s=2)
  i = g(image, 4)
  j = st(image, f, c)
  k = st(*[image, c], ops=c)
  y = choose o(1.5) from image keep 1 op
  z = choose maybe from image keep 1 op
  w = h(image, 1, 2, b=3, c=image, d=3, e=image)
  return image
}
