# RUN: opt %s
block b(x) { return relu(x) }
