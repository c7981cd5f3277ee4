# RUN: check %s
block b(x) { return relu(x) }
candidates c = b | relu
