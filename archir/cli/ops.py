"""archir ops: the primitives, and the blocks that archir ships."""

from __future__ import annotations

import inspect
from typing import Any

import click
from attrs import fields

from archir.cli.common import json_option, print_json
from archir.ir.primitive import Primitive
from archir.ir.printer import print_attribute
from archir.ops import PRIMITIVES
from archir.sema.library import library_folder, read_source
from archir.syntax import ast, parse
from archir.syntax.expression_text import expression_text


@click.command("ops")
@json_option
def command(as_json: bool) -> None:
    """List the primitives with their attributes, and the blocks of the library (`use ops`)."""
    primitives = [_primitive(cls) for cls in PRIMITIVES.values()]
    blocks = _blocks()
    if as_json:
        print_json({"primitives": primitives, "blocks": blocks})
        return
    click.echo("primitives")
    for row in primitives:
        click.echo(f"  {row['name']}({', '.join([row['operands'], *map(_attribute, row['attributes'])])})")
        click.echo(f"      {row['summary']}")
    click.echo("\nblocks (`use ops`)")
    for block in blocks:
        parameters = ", ".join(
            p["name"] + ("" if p["default"] is None else f"={p['default']}") for p in block["parameters"]
        )
        click.echo(f"  {block['name']}({parameters})")


def _primitive(cls: type[Primitive]) -> dict[str, Any]:
    attributes = [{"name": f.name, "default": _default(f.default)} for f in fields(cls)]
    operands = {None: "x, ...", 1: "x", 2: "x, y"}.get(cls.arity, f"{cls.arity} tensors")
    return {
        "name": cls.name,
        "summary": cls.summary,
        "operands": operands,
        "attributes": attributes,
        "documentation": inspect.cleandoc(cls.__doc__ or ""),
    }


def _default(value: Any) -> str | None:
    """A default as the language writes it; None where the operands decide."""
    return None if value is None else print_attribute(value)


def _attribute(row: dict[str, Any]) -> str:
    return row["name"] if row["default"] is None else f"{row['name']}={row['default']}"


def _blocks() -> list[dict[str, Any]]:
    source = read_source(library_folder() / "lib" / "ops.nas")
    blocks = [i for i in parse(source).items if isinstance(i, ast.Definition)]
    return [{"name": b.name, "parameters": [_parameter(p) for p in b.params]} for b in blocks]


def _parameter(param: ast.Param) -> dict[str, str | None]:
    return {"name": param.name, "default": None if param.default is None else expression_text(param.default)}
