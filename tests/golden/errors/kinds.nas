# RUN: check %s
const numbers = [1, 2, 3]
block b(x) { return relu(x) }
candidates ops = relu | sigmoid
net n(image: tensor[3, 8, 8]) {
  a = 3(image)
  c = image - image
  d = image + 3
  e = numbers.channels
  f = image.chanels
  g = image |> global_avg_pool |> b |> b
  h = g.height
  for i in 3 { x = relu(image) }
  for i, j in [(1, 2), 3] { x = relu(image) }
  if 3 { x = relu(image) }
  if image { x = relu(image) }
  o = 1 if 3 else 2
  p, q = 3
  p, q = [1, 2, 3]
  p, q = 1, 2, 3
  r = -image
  s = not 3
  t = image < 3
  u = b@(1.5)(image)
  v = image@1
  w = choose b from image keep 1 op
  y = choose ops from 3 keep 1 op
  z = 1.5..3
  3 = relu(image)
  z["a"] = 3
  relu(image)
  aa = image : tensor[3, 8, 8]
  ab = %x
  ac = 7 / 0
  ad = 9 ** 9 ** 9
  ae = (-8) ** 0.5
  af = image[0]
  ag = "text" + 3
  return image
}
