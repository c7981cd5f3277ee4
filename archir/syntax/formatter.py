"""`archir fmt`: one way to write each file. Formatting twice changes nothing more."""

from __future__ import annotations

from archir.diagnostics import fail
from archir.source import Source
from archir.syntax import ast
from archir.syntax.comments import Comments
from archir.syntax.expression_text import expression_text
from archir.syntax.long_lines import broken, filled
from archir.syntax.parser import parse

WIDTH = 120


def format_text(source: Source) -> str:
    """The formatted text; raises `ArchirError` if it does not parse."""
    try:
        return format_file(parse(source), Comments.of(source))
    except RecursionError:
        fail(
            "NAS102", f"`{source.name}` is nested too deeply", help="break the long expression into several statements"
        )


def format_file(file: ast.File, comments: Comments | None = None) -> str:
    """The text of a tree. Without comments the tree need not come from a text."""
    writer = _Writer(comments)
    text: list[str] = []
    above_is_long = False
    for i, item in enumerate(file.items):
        gap = i > 0 and writer.gap_between(file.items[i - 1], item)
        writer.own_line_comments(item)
        comment_lines = len(writer.lines)
        writer.item(item)
        is_long = len(writer.lines) > comment_lines + 1
        text += [""] * (i > 0 and (gap or is_long or above_is_long)) + writer.lines
        writer.lines, above_is_long = [], is_long
    writer.rest()
    text += writer.lines
    return "\n".join([*text, ""]) if text else ""


class _Writer:
    def __init__(self, comments: Comments | None) -> None:
        self.comments = comments
        self.flat = False
        self.lines: list[str] = []
        self.depth = 0

    # placing
    def put(self, text: str, node: ast.Node | None = None) -> None:
        behind = self.comments.behind(node.span.end) if self.comments and node is not None else ""
        self.lines.append(f"{'  ' * self.depth}{text}{behind}")

    def own_line_comments(self, node: ast.Node) -> None:
        """The comments above a node, and the empty lines behind them."""
        if self.comments:
            for text, gap in self.comments.before(node.span.start):
                self.put(text)
                if gap:
                    self.lines.append("")

    def last_comments(self, node: ast.Node) -> None:
        """The comments that are left before a node ends."""
        self.comments_until(node.span.end)

    def comments_until(self, offset: int) -> None:
        """The comments before an offset, in lines of their own."""
        for text, _ in self.comments.before(offset) if self.comments else ():
            self.put(text)

    def rest(self) -> None:
        if self.comments:
            for text, gap in self.comments.before(len(self.comments.source.text)):
                self.put(text)
                if gap:
                    self.lines.append("")

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

    # items
    def name(self, name: str) -> str:
        """The name of a definition, as this form writes it."""
        return f"@{name}" if self.flat or "." in name else name

    def param(self, param: ast.Param) -> str:
        name = f"%{param.name}" if self.flat or "." in param.name else param.name
        type_ = "" if param.type is None else f": {expression_text(param.type)}"
        return f"{name}{type_}{'' if param.default is None else f' = {expression_text(param.default)}'}"

    def item(self, item: ast.Node) -> None:
        if isinstance(item, ast.Use | ast.Constant | ast.Binding | ast.Base):
            self.last_comments(item)
        match item:
            case ast.Use():
                alias = f" as {item.alias}" if item.alias else ""
                self.put(f"use {'.'.join(item.path)}{alias}", item)
            case ast.Constant():
                self._with_value(f"const {item.name} = ", item.value, item)
            case ast.Candidates():
                self.candidates(item)
            case ast.Definition():
                self.definition(item)
            case ast.Binding():
                self.put(f"{item.what} %{item.path} = {expression_text(item.value)}", item)
            case ast.Base():
                self.put(f"base @{item.graph}", item)
            case ast.Flat():
                self.put(f"module {item.name} {item.form} {{")
                self.depth, self.flat = self.depth + 1, True
                for inner in item.items:
                    self.own_line_comments(inner)
                    self.item(inner)
                self.last_comments(item)
                self.depth, self.flat = self.depth - 1, False
                self.put("}", item)

    def definition(self, item: ast.Definition) -> None:
        """The head in one line, or its parameters in lines of their own; then the body."""
        self.comments_until(item.body.span.start)
        name = self.name(item.name)
        params = [self.param(p) for p in item.params]
        head = f"{item.kind} {name}({', '.join(params)}) "
        if len(head) + 1 <= WIDTH:
            self.block(head, item.body)
            return
        self.put(f"{item.kind} {name}(")
        for line in filled([f"{p}," for p in params], WIDTH - 4):
            self.put(f"    {line}")
        self.long_block(") ", item.body)
        self._trail(item.body)

    def candidates(self, item: ast.Candidates) -> None:
        name = self.name(item.name)
        params = f"({', '.join(map(self.param, item.params))})" if item.params else ""
        texts = [_alternative(a) for a in item.alternatives]
        one = f"candidates {name}{params} = {' | '.join(texts)}"
        inside = self.comments is not None and any(at < item.span.end for at, _ in self.comments.waiting)
        if len(one) <= WIDTH and not inside:
            self.put(one, item)
            return
        self.put(f"candidates {name}{params} =")
        for i, (alternative, text) in enumerate(zip(item.alternatives, texts, strict=True)):
            self.depth += 1
            self.last_comments(alternative)
            self.depth -= 1
            self.put(f"{'    ' if i == 0 else '  | '}{text}", alternative)

    # statements
    def block(self, head: str, block: ast.Block) -> None:
        short = self._one_line(block)
        if short is not None and len(f"{'  ' * self.depth}{head}{{ {short} }}") <= WIDTH:
            self.put(f"{head}{{ {short} }}", block)
            return
        self.long_block(head, block)
        self._trail(block)

    def _one_line(self, block: ast.Block) -> str | None:
        """The block's only statement, where it was written in one line without a comment."""
        if len(block.statements) != 1 or "\n" in block.span.source.text[block.span.start : block.span.end]:
            return None
        if self.comments and any(block.span.start <= at < block.span.end for at, _ in self.comments.waiting):
            return None
        only = block.statements[0]
        if isinstance(only, ast.If):
            return None
        if isinstance(only, ast.For):
            inner = self._one_line(only.body)
            return None if inner is None else f"{_for_head(only)}{{ {inner} }}"
        return _simple(only)

    def statement(self, s: ast.Statement) -> None:
        match s:
            case ast.For():
                self.comments_until(s.body.span.start)
                self.block(_for_head(s), s.body)
            case ast.If():
                self.branch("", s)
            case _:
                self._simple(s)

    def branch(self, before: str, s: ast.If) -> None:
        if not before:
            self.comments_until(s.body.span.start)
        head = f"{before}if {expression_text(s.test)} "
        if s.otherwise is None:
            (self.long_block if before else self.block)(head, s.body)
            return
        short = self._one_line(s.body)
        other = self._one_line(s.otherwise) if isinstance(s.otherwise, ast.Block) else None
        whole = f"{head}{{ {short} }} else {{ {other} }}"
        one = not before and "\n" not in s.span.source.text[s.span.start : s.span.end]
        if one and short is not None and other is not None and len(whole) + 2 * self.depth <= WIDTH:
            self.put(whole, s)
            return
        self.long_block(head, s.body)
        if isinstance(s.otherwise, ast.If):
            self.lines.pop()
            self.branch("} else ", s.otherwise)
        else:
            self.lines.pop()
            self.long_block("} else ", s.otherwise)
            self._trail(s)

    def long_block(self, head: str, block: ast.Block) -> None:
        """A block over several lines, whatever its length."""
        self.put(f"{head}{{")
        self.depth += 1
        for i, statement in enumerate(block.statements):
            if i > 0 and self.gap_between(block.statements[i - 1], statement):
                self.lines.append("")
            self.own_line_comments(statement)
            self.statement(statement)
        self.last_comments(block)
        self.depth -= 1
        self.put("}")

    def _trail(self, node: ast.Node) -> None:
        if self.comments:
            self.lines[-1] += self.comments.behind(node.span.end)

    def _simple(self, s: ast.Statement) -> None:
        self.last_comments(s)
        text, value = _simple(s), _last_value(s)
        if value is None:
            self.put(text, s)
        else:
            self._with_value(text[: len(text) - len(expression_text(value))], value, s)

    def _with_value(self, head: str, value: ast.Expr, node: ast.Node) -> None:
        """`head` and a value in one line, or in several if they do not fit."""
        one, width = f"{head}{expression_text(value)}", WIDTH - 2 * self.depth
        *lines, last = (broken(head, value, width) if len(one) > width else None) or [one]
        for line in lines:
            self.put(line)
        self.put(last, node)


def _last_value(s: ast.Statement) -> ast.Expr | None:
    """The expression that a statement ends with, where it is the only one."""
    match s:
        case ast.Assign(values=(only,), type=None):
            return only
        case ast.Return():
            return s.value
        case ast.Phase():
            return s.call
    return None


def _for_head(s: ast.For) -> str:
    return f"for {', '.join(map(expression_text, s.targets))} in {expression_text(s.iterable)} "


def _simple(s: ast.Statement) -> str:
    match s:
        case ast.Assign():
            targets = ", ".join(map(expression_text, s.targets))
            values = ", ".join(map(expression_text, s.values))
            return f"{targets} = {values}{'' if s.type is None else f' : {expression_text(s.type)}'}"
        case ast.Return():
            return f"return {expression_text(s.value)}"
        case ast.Require():
            return f"require {expression_text(s.test)}"
        case ast.Phase():
            return expression_text(s.call)
    raise AssertionError(f"{type(s).__name__} takes several lines")


def _alternative(a: ast.Alternative) -> str:
    label = "" if a.label is None else f"{a.label}: "
    return f"{label}{expression_text(a.value)}{' when legal' if a.when_legal else ''}"
