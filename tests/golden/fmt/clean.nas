# RUN: fmt --check --diff %s
block b(x) { return relu(x) }
