"""The comments of a text, handed out as the formatter passes them."""

from __future__ import annotations

import re

from attrs import Factory, define

from archir.source import Source

_GAP = re.compile(r"#[^\n]*\r?\n(?:[ \t]*\r?\n)+[ \t]*\S")
_TOKEN = re.compile(r'"[^"\n]*"|(#[^\n]*)')


@define
class Comments:
    """Comments by offset. Each is given out once, so none is lost or doubled."""

    source: Source
    waiting: list[tuple[int, str]] = Factory(list)

    @classmethod
    def of(cls, source: Source) -> Comments:
        """All comments of a text."""
        found = [(m.start(1), m[1].rstrip()) for m in _TOKEN.finditer(source.text) if m[1]]
        return cls(source, found)

    def before(self, offset: int) -> list[tuple[str, bool]]:
        """Comments before an offset that were not given out yet, and whether an empty line follows each."""
        taken = [(at, text) for at, text in self.waiting if at < offset]
        del self.waiting[: len(taken)]
        return [(text, _GAP.match(self.source.text, at) is not None) for at, text in taken]

    def behind(self, offset: int) -> str:
        """The comment behind the text that ends at `offset`, on the same line, or nothing."""
        if not self.waiting:
            return ""
        at, text = self.waiting[0]
        between = self.source.text[offset:at] if at >= offset else "\n"
        if "\n" in between or between.strip(" \t;}"):
            return ""
        del self.waiting[0]
        return f"  {text}"
