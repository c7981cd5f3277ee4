# RUN: fmt --check fmt/broken.nas fmt/check.nas fmt/no_such_file.nas
block b(x) { return relu(x }
