# RUN: check %s
use ops
block b(x, k, stride = 1) { return conv(x, k=k, stride=stride) }
net n(image: tensor[3, 8, 8]) {
  a = b(image)
  c = b(image, 3, 1, 2)
  d = b(image, size=3)
  e = b(image, k=3, k=5)
  f = conv(image, 8, kernel=3)
  g = conv(8)
  h = conv(image, image)
  i = add()
  j = conv(image, 0)
  l = conv(image, k=2.5)
  m = conv(image, k=(1, 2, 3))
  n = batch_norm(image, affine=3, eps=relu)
  o = max(image, 3)
  p = round_to(3)
  q = len(3)
  r = b(image, *3)
  s = relu(image, 3)
  return image
}
