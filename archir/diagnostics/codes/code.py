"""What a code stands for."""

from __future__ import annotations

from inspect import cleandoc

from attrs import field, frozen


@frozen
class Code:
    """An error code: its meaning in one line, what to know about it, and a wrong text beside the right one.

    `wrong` and `right` are whole .nas texts; both are empty where no single text can provoke the error.
    """

    name: str
    meaning: str
    explanation: str = field(converter=cleandoc)
    wrong: str = field(default="", converter=cleandoc)
    right: str = field(default="", converter=cleandoc)
