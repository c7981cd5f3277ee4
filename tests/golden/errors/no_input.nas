# RUN: check %s
net n(channels = 4) { return channels }
net m(channels = 4) { }
