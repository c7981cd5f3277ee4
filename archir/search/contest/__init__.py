"""Contests: the parts of a split are trained beside one another, and the best goes on."""
