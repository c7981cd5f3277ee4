# RUN: opt %s --form source --set channels=8
# Without a pass, the source form is the text itself, its parameters as they were set.

net n(image: tensor[3, 8, 8], channels = 4) { return conv(image, channels) }  # as written
