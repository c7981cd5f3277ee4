"""The type of a value: a tensor's shape without its batch dimension."""

from __future__ import annotations

from math import prod

from attrs import frozen


@frozen
class TensorType:
    """A feature map `[channels, height, width]`, or a vector `[features]`.

    The batch dimension is implicit and always comes first.
    """

    shape: tuple[int, ...]

    @property
    def is_map(self) -> bool:
        """Whether this is a feature map (channels, height, width)."""
        return len(self.shape) == 3

    @property
    def channels(self) -> int:
        """Channels of a map, features of a vector."""
        return self.shape[0]

    @property
    def height(self) -> int:
        """Rows of a map; 1 for a vector."""
        return self.shape[1] if self.is_map else 1

    @property
    def width(self) -> int:
        """Columns of a map; 1 for a vector."""
        return self.shape[2] if self.is_map else 1

    @property
    def elements(self) -> int:
        """Numbers in one value (of a batch of one)."""
        return prod(self.shape)

    def __str__(self) -> str:
        return f"tensor[{', '.join(map(str, self.shape))}]"
