use circle_a
block b(x) { return relu(x) }
