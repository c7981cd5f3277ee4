"""Points of a space; knows nothing of tensors."""
