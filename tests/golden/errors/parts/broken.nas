block b(x) { return relu(x }
