"""archir info: how many networks a space has, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from archir.analysis.conventions import CONVENTIONS, DEFAULT
from archir.cli.common import json_option, print_json, read_learned, read_module, set_option, split_settings
from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.ir.types import TensorType

if TYPE_CHECKING:
    from archir.space.expressions import Rule


@click.command("info")
@click.argument("file", metavar="FILE")
@set_option
@click.option(
    "--convention", type=click.Choice(list(CONVENTIONS)), default=DEFAULT, show_default=True,
    help="How multiply-adds are counted.",
)  # fmt: skip
@click.option(
    "--unique", type=click.Choice(["published", "canonical"]),
    help="Also count what is different: by NAS-Bench-201's rule, or with sums in one form.",
)  # fmt: skip
@click.option(
    "--values", metavar="FILE", help="Learned values of a relaxed module: the folder of a run, or a JSON file."
)
@click.option("--in", "space", metavar="SPACE", help="Also say which point of a space this network is.")
@json_option
def command(
    file: str, settings: tuple[str, ...], convention: str, unique: Rule | None, values: str | None, space: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    r"""Count the networks of a space, and the parameters and multiply-adds of a space or network.

    FILE is a .nas file, the name of a shipped space or network, or `-` for standard input. A space
    counts with all its candidates; then come the least, largest and mean cost of its networks. Of a
    relaxed module with stages of cells, the expected depth is told, at the start or at `--values`.

    \b
    conv-linear  multiply-adds of convolutions and linear layers
    nasbench201  and the biases of linear layers
    thop         conv-linear, twice the elements of batch norms, and those of relu
    thop-0.0.31  the same without relu
    """
    module = read_module(file, split_settings(settings))
    row = _described(module, convention)
    if unique is not None:
        from archir.space.expressions import unique_size

        row["unique"] = {"rule": unique, "size": str(unique_size(module, unique))}
    learned = read_learned(values, module)
    if module.form == "relaxed":
        from archir.analysis.expected_depth import depths_at

        row |= {"expected_depth": depths} if (depths := depths_at(module, learned)) else {}
    if space is not None:
        row["point"] = _point_in(space, module, file)
    if as_json:
        print_json(row)
    else:
        click.echo("\n".join(_lines(row)))


def _described(module: Module, convention: str) -> dict[str, Any]:
    from archir.analysis.cost import total
    from archir.analysis.memory import peak_bytes
    from archir.analysis.vital import vital_blocks
    from archir.ir.verifier import verify

    verify(module)
    cost = total(module.graph, convention)
    row: dict[str, Any] = {
        "name": module.name, "form": module.form, "convention": convention, "params": cost.params, "macs": cost.macs,
        "elements": cost.elements, "peak_bytes": peak_bytes(module.graph),
    }  # fmt: skip
    vital = vital_blocks(module.graph)
    row |= {"blocks": len(vital), "vital": [name for name, found in vital.items() if found]}
    return row | (_of_network(module) if module.form == "network" else _of_space(module, convention))


def _of_network(module: Module) -> dict[str, Any]:
    """The stages whose nodes are cells, if it has any."""
    from archir.analysis.depth import dead_cells, depth, is_cell, mean_depth, stages

    rows = [
        {
            "path": path, "cells": sum(map(is_cell, graph.nodes)), "depth": depth(graph),
            "mean_depth": float(mean_depth(graph)), "dead": list(dead_cells(graph)),
        }
        for path, graph in stages(module.graph)
    ]  # fmt: skip
    return {"stages": rows} if rows else {}


def _point_in(space: str, network: Module, file: str) -> dict[str, Any]:
    """The network's point, in the space built at the network's sizes; raises `ArchirError` NAS404 if it has none."""
    from archir.sema import parse_setting
    from archir.sema.load import net_parameters
    from archir.space.membership import find_point
    from archir.space.points import point_rows

    given = dict(network.origin.settings) if network.origin is not None else {}
    if file != "-":
        given = {
            p.name: parse_setting(p.name, p.default or "") for p in net_parameters(file) if _is_number(p.default)
        } | given
    known = {p.name for p in net_parameters(space)}
    sizes: dict[str, Setting | TensorType] = {name: value for name, value in given.items() if name in known}
    sizes |= {v.name: v.type for v in network.graph.inputs if v.name in known}
    return point_rows(find_point(read_module(space, sizes), network))


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _of_space(module: Module, convention: str) -> dict[str, Any]:
    """Sizes are decimal strings: they outgrow what JSON readers hold exactly."""
    from archir.analysis.bounds import known_bounds
    from archir.space.space import digits, space_of

    space = space_of(module)
    found = known_bounds(module, convention)
    costs = {
        end: None if found is None else {measure: _plain(getattr(b, end)) for measure, b in found.items()}
        for end in ("min", "max", "mean")
    }
    return {"size": digits(space.size), "choices": {key: digits(size) for key, size in space.sizes.items()}, **costs}


def _plain(n: Any) -> int | float:
    return n if isinstance(n, int) else float(n)


def _lines(row: Mapping[str, Any]) -> list[str]:
    kind = {"space": "a space", "relaxed": "a relaxed module", "network": "a network"}[row["form"]]
    lines = [
        f"`{row['name']}`: {kind}, multiply-adds by `{row['convention']}`",
        f"  parameters      {row['params']:>20,}",
        f"  multiply-adds   {row['macs']:>20,}",
        f"  activations     {row['elements']:>20,}",
        f"  peak bytes      {row['peak_bytes']:>20,}",
        *wrap(
            f"vital: {len(row['vital'])} of {row['blocks']} blocks: {', '.join(row['vital'])}",
            80,
            subsequent_indent="  ",
        ),
        *(_stage_line(stage) for stage in row.get("stages", ())),
        *(f"stage {path}: expected depth {depth:.2f}" for path, depth in row.get("expected_depth", {}).items()),
    ]
    if "point" in row:
        lines += ["point:", *(f"  {key}: {_kept(kept)}" for key, kept in row["point"].items())]
    if "size" not in row:
        return lines
    lines.append(f"size: {_scientific(row['size'])}")
    if "unique" in row:
        lines.append(f"different by the rule `{row['unique']['rule']}`: {_scientific(row['unique']['size'])}")
    lines += [f"  {key:<30} {_scientific(size):>12}" for key, size in row["choices"].items()]
    if row["min"] is None:
        return [*lines, "no bounds: there is no network, or nested choices are shared, so that costs do not add up"]
    lines.append(f"{'of its networks':<16} {'least':>15} {'mean':>17} {'largest':>15}")
    for name, measure in (("parameters", "params"), ("multiply-adds", "macs"), ("activations", "elements")):
        low, mean, high = (row[end][measure] for end in ("min", "mean", "max"))
        lines.append(f"  {name:<14} {low:>15,} {mean:>17,.1f} {high:>15,}")
    return lines


def _stage_line(stage: Mapping[str, Any]) -> str:
    dead = f"dead: {', '.join(stage['dead'])}" if stage["dead"] else "none is dead"
    size = f"{stage['cells']} cells, depth {stage['depth']}, {stage['mean_depth']:.2f} on a path in the mean"
    return f"stage {stage['path']}: {size}; {dead}"


def _kept(kept: list[list[Any]]) -> str:
    return ", ".join(f"{operation} on edge {edge}" for edge, operation in kept) or "nothing"


def _scientific(size: str) -> str:
    """All digits where they are few, else three of them and a power of ten."""
    if len(size) <= 9:
        return f"{int(size):,}"
    return f"{Decimal(size):.2e}".replace("e+", "e")
