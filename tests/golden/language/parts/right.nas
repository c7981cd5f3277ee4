block stem(x) { return conv(x, 8) }
