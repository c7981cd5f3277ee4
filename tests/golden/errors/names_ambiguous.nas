# RUN: check %s
use parts.left
use parts.right
net n(image: tensor[3, 8, 8]) { return image |> left.stem |> stem }
