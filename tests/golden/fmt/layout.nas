# RUN: fmt --diff %s
use ops



const a = 1
const b = (1+2)*3-(4-5)-((6))
block one(x) { return relu(x) }
block two(x) {
  return relu(x) }
block three(x) { for i in 0..3 { x = relu(x) }
 return x }
block four(x) { x = relu(x); y = relu(x)


  return (y) }
block five(x, stride = 1) { if stride == 1 { return x } else { return relu(x) } }
block six(x, a) { if a == 1 { return x } else if a == 2 { return relu(x) } else { return sigmoid(x) } }
net n(image: tensor[3, 8, 8],) {
  x = ((image)|>(conv(4, k=3,)))|>relu
  y = (x if (a == 1) else (x if not (a == 2) else x))
  z = -(1) + -(2 ** -3) ** 2
  p, (q, r) = (1, (2, (3)))
  t = (1,)
  c = choose ops( 1 ) from x keep 1 op
  d = choose ops from [x,y] and ops from x keep some edges 1..2 ops
  e = b@1(x) + b@left(x) + b@(a+1)(x)
  return x
}
