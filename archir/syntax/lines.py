"""The lines of a text that is being formatted, and the comments between them."""

from __future__ import annotations

from archir.syntax import ast
from archir.syntax.comments import Comments
from archir.syntax.expression_text import expression_text
from archir.syntax.long_lines import broken

WIDTH = 120


class Lines:
    """Collects lines at a depth. Without comments what is written need not come from a text."""

    def __init__(self, comments: Comments | None) -> None:
        self.comments = comments
        self.lines: list[str] = []
        self.depth = 0

    def put(self, text: str, node: ast.Node | None = None) -> None:
        """A line, with the comment behind `node`."""
        behind = self.comments.behind(node.span.end) if self.comments and node is not None else ""
        self.lines.append(f"{'  ' * self.depth}{text}{behind}")

    def with_value(self, head: str, value: ast.Expr, node: ast.Node) -> None:
        """`head` and a value in one line, or in several if they do not fit."""
        one, width = f"{head}{expression_text(value)}", WIDTH - 2 * self.depth
        *lines, last = (broken(head, value, width) if len(one) > width else None) or [one]
        for line in lines:
            self.put(line)
        self.put(last, node)

    def trail(self, node: ast.Node) -> None:
        """The comment behind `node`, after the last line."""
        if self.comments:
            self.lines[-1] += self.comments.behind(node.span.end)

    def own_line_comments(self, node: ast.Node) -> None:
        """The comments above a node, and the empty lines behind them."""
        self._with_gaps(node.span.start)

    def last_comments(self, node: ast.Node) -> None:
        """The comments that are left before a node ends."""
        self.comments_until(node.span.end)

    def comments_until(self, offset: int) -> None:
        """The comments before an offset, in lines of their own."""
        for text, _ in self.comments.before(offset) if self.comments else ():
            self.put(text)

    def rest(self) -> None:
        """All comments that are left."""
        if self.comments:
            self._with_gaps(len(self.comments.source.text))

    def _with_gaps(self, offset: int) -> None:
        for text, gap in self.comments.before(offset) if self.comments else ():
            self.put(text)
            if gap:
                self.lines.append("")

    def commented(self, start: int, end: int) -> bool:
        """Whether a comment is left between two offsets."""
        return self.comments is not None and any(start <= at < end for at, _ in self.comments.waiting)

    def gap_between(self, above: ast.Node, below: ast.Node) -> bool:
        """Whether an empty line was written between two nodes."""
        if self.comments is None:
            return False
        between = self.comments.source.text[above.span.end : below.span.start]
        for line in between.split("\n")[1:-1]:
            if not line.strip():
                return True
            if line.lstrip().startswith("#"):
                return False
        return False
