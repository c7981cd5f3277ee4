# RUN: check %s
use opz
use parts.midle
net n(image: tensor[3, 8, 8]) { return image |> opz.stem |> unknown }
