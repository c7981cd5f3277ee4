"""`archir fmt`: one way to write each file. Formatting twice changes nothing more."""

from __future__ import annotations

from archir.diagnostics import fail
from archir.source import Source
from archir.syntax import ast
from archir.syntax.comments import Comments
from archir.syntax.expression_text import expression_text
from archir.syntax.lines import WIDTH, Lines
from archir.syntax.long_lines import filled
from archir.syntax.parser import parse
from archir.syntax.statement_lines import write_block, write_long_block


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


class _Writer(Lines):
    """Writes what a file holds."""

    flat = False
    """Whether what is written stands in the flat form."""

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
                self.with_value(f"const {item.name} = ", item.value, item)
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
            write_block(self, head, item.body)
            return
        self.put(f"{item.kind} {name}(")
        for line in filled([f"{p}," for p in params], WIDTH - 4):
            self.put(f"    {line}")
        write_long_block(self, ") ", item.body)
        self.trail(item.body)

    def candidates(self, item: ast.Candidates) -> None:
        name = self.name(item.name)
        params = f"({', '.join(map(self.param, item.params))})" if item.params else ""
        texts = [_alternative(a) for a in item.alternatives]
        one = f"candidates {name}{params} = {' | '.join(texts)}"
        if len(one) <= WIDTH and not self.commented(0, item.span.end):
            self.put(one, item)
            return
        self.put(f"candidates {name}{params} =")
        for i, (alternative, text) in enumerate(zip(item.alternatives, texts, strict=True)):
            self.depth += 1
            self.last_comments(alternative)
            self.depth -= 1
            self.put(f"{'    ' if i == 0 else '  | '}{text}", alternative)


def _alternative(a: ast.Alternative) -> str:
    label = "" if a.label is None else f"{a.label}: "
    return f"{label}{expression_text(a.value)}{' when legal' if a.when_legal else ''}"
