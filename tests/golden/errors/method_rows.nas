# RUN: check %s
method m(row = (3, 4), rows = ((0, 1), (1, 2, 3))) {
  relax()
  for a, b in row { train(weights, epochs=a, batch=b) }
  for a, b in rows { train(weights, epochs=a, batch=b) }
  derive()
}
