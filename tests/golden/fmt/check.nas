# RUN: fmt --check %s
block b(x) {return relu(x)}
