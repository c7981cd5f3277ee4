"""The library: blocks, spaces, published networks and methods, as .nas files."""
