# RUN: opt %s -p cse
# Without `inline` each graph is looked at by itself, once for all calls. A call counts as one operation where nothing
# in it has weights.
block plain(x) { return relu(x) + relu(x) }
block drawn(x) { return relu(x) |> dropout }
block weighted(x) { return conv(relu(x)) + relu(x) }
net n(image: tensor[4, 8, 8]) {
  return concat(plain(image), plain(image), drawn(image), drawn(image), weighted(image), weighted(image))
}
