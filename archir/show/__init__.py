"""Pictures of nets, stages and cells."""

from archir.show.draw import draw, save
from archir.show.drawing import Arrow, Box, Drawing, Mark
from archir.show.module import cells_of, drawings_of
from archir.show.net import overview_of
from archir.show.read import drawing_of

__all__ = [
    "Arrow",
    "Box",
    "Drawing",
    "Mark",
    "cells_of",
    "draw",
    "drawing_of",
    "drawings_of",
    "overview_of",
    "save",
]
