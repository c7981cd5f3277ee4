# RUN: check %s --set epochs=3
method m(epochs = 10) { relax(); train(weights, epochs=epochs) }
