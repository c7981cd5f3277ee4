# RUN: check check/space.nas:two
