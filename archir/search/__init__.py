"""Search: data, phases, trainer, checkpoints, runs. Its modules but `phases` import torch."""
