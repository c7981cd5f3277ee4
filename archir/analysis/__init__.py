"""What can be said of a module without building it: counts and gate values."""
