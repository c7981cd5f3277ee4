use circle_b
block a(x) { return relu(x) }
