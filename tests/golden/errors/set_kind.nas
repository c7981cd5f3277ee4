# RUN: check %s --set channels=many --set image=3 --set flag=1 --set rate=true --set body=rely
block b(x) { return relu(x) }
net n(image: tensor[3, 8, 8], channels = 4, flag = true, rate = 0.5, body: block = b) { return conv(image, channels) }
