# RUN: opt %s --set width=6 --set deep=true --set "image=(1, 16, 16)" --set body=wide
block narrow(x) { return conv(x, 2) }
block wide(x) { return conv(x, 8) }

net n(image: tensor[3, 8, 8], width = 4, deep = false, scale = 0.5, body: block = narrow, sizes = [1, 3], note = "text") {
  x = image |> conv(width, k=sizes[1])
  if deep { x = body(x) }
  return x * scale
}
