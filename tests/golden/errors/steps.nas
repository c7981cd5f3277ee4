# RUN: ARCHIR_LIMIT_STEPS=1000 check %s
net n(image: tensor[8, 8, 8]) {
  for i in 0..10000000 { for j in 0..10000000 { x = 3 } }
  return image
}
