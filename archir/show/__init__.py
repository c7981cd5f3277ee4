"""Pictures of cells and stages."""

from archir.show.draw import draw_cells, save_cells
from archir.show.drawing import Arrow, Box, Drawing
from archir.show.read import drawing_of, drawings_of

__all__ = ["Arrow", "Box", "Drawing", "draw_cells", "drawing_of", "drawings_of", "save_cells"]
