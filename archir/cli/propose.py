"""archir propose: distributions over networks that cost what was asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from archir.analysis.conventions import CONVENTIONS, DEFAULT
from archir.cli.common import json_option, print_json, read_module, set_option, split_settings, write_text
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.analysis.arrays import CostArrays
    from archir.ir.module import Module
    from archir.proposals.costs import Array
    from archir.proposals.propose import Proposals

_NAMES = {"macs": "multiply-adds", "params": "parameters", "elements": "activations", "latency": "milliseconds"}


@click.command("propose")
@click.argument("space")
@click.option(
    "--target", "targets", multiple=True, required=True, metavar="MEASURE=AMOUNT",
    help="For example macs=300M, params=60%, latency=20ms; may be repeated.",
)  # fmt: skip
@click.option("-m", "--count", type=click.IntRange(1, 1000), default=8, show_default=True, help="How many proposals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random starts.")
@click.option("--latency", metavar="FILE.csv", help="A table that `archir measure` wrote, for a target in time.")
@click.option(
    "--convention", type=click.Choice(list(CONVENTIONS)), default=DEFAULT, show_default=True,
    help="How multiply-adds are counted.",
)  # fmt: skip
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FILE",
    help="FILE.json: what a search starts from. FILE.svg or .png: the samples. May be repeated.",
)  # fmt: skip
@set_option
@json_option
def command(
    space: str, targets: tuple[str, ...], count: int, seed: int, latency: str | None, convention: str,
    outputs: tuple[str, ...], settings: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    r"""Find space proposals (HourNAS): distributions whose networks meet the targets.

    Measures: macs, params, elements (all numbers that operations write), latency. Amounts are absolute
    (k, M, G; for latency us, ms, s) or a share of the way from the space's least to its largest: 60%.

    Printed are the strongest network of each proposal with its exact costs and the distances to the targets,
    and how 10,000 sampled networks lie about the targets at four temperatures.
    """
    from archir.proposals.propose import proposals_of
    from archir.proposals.samples import sampled_costs
    from archir.proposals.tables import read_latency, tables
    from archir.proposals.targets import parse_targets
    from archir.proposals.text import proposals_to_json

    start = time.perf_counter()
    wanted = parse_targets(targets)
    pictures = [path for path in outputs if not path.endswith(".json")]
    for path in pictures:
        _check_picture(path, len(wanted))
    module = read_module(space, split_settings(settings))
    table = None if latency is None else read_latency(latency, module)
    arrays = tables(module, [t.measure for t in wanted], convention, table)
    proposals = proposals_of(module, wanted, arrays, count, seed)
    seconds = time.perf_counter() - start
    samples = sampled_costs(proposals.theta, proposals.costs, seed=seed)
    row = _described(module, proposals, samples, convention, table) | {"seed": seed, "seconds": seconds}
    for path in outputs:
        if path in pictures:
            _draw(path, proposals, samples)
        else:
            write_text(path, proposals_to_json(module, proposals, [p["costs"] for p in row["proposals"]]))
    if as_json:
        print_json(row)
        return
    click.echo("\n".join(_lines(row)))
    for path in outputs:
        click.echo(f"{path}: {'samples' if path in pictures else 'theta of the proposals'}")


def _check_picture(path: str, targets: int) -> None:
    from archir.show.draw import format_of

    format_of(path)
    if targets < 2:
        fail("NAS601", "a picture of samples needs two targets, the axes of its plane", help="add a `--target`")


def _draw(path: str, proposals: Proposals, samples: Mapping[float, Array]) -> None:
    """The first target upwards, the second across, as Figure 3 of HourNAS has FLOPs and parameters."""
    from archir.show.scatter import Axis, Cloud, save_scatter

    def axis(i: int) -> Axis:
        measure = proposals.costs.measures[i]
        return Axis(_NAMES[measure], float(proposals.targets[i]) / _unit(measure))

    units = [_unit(measure) for measure in proposals.costs.measures[:2]]
    clouds = [Cloud(f"temperature {t:g}", (of[:, :2] / units)[:, ::-1]) for t, of in samples.items()]
    save_scatter(path, clouds, axis(1), axis(0))


def _unit(measure: str) -> float:
    return 1e6 if measure == "latency" else 1.0


def _described(
    module: Module, proposals: Proposals, samples: Mapping[float, Array], convention: str, latency: CostArrays | None
) -> dict[str, Any]:
    from archir.analysis.expected import cost_of
    from archir.analysis.table import MEASURES
    from archir.proposals.propose import agreement
    from archir.proposals.repair import SAMPLED_AT
    from archir.proposals.samples import bits, spread
    from archir.space.points import point_rows

    measures, rows = proposals.costs.measures, []
    entropy = bits(proposals.theta, proposals.costs.exists, SAMPLED_AT).tolist()
    for n, point in enumerate(proposals.points):
        cost = cost_of(module, point, convention)
        costs: dict[str, float] = {m: getattr(cost, m) for m in MEASURES}
        if latency is not None and "latency" in measures:
            costs["latency"] = float(proposals.costs.of(proposals.picks[n])[measures.index("latency")])
        off = dict(zip(measures, proposals.misses[n].tolist(), strict=True))
        rows.append({"costs": costs, "off": off, "bits": entropy[n], "point": point_rows(point)})
    spreads = [spread(of, proposals.targets, t) for t, of in samples.items()]
    return {
        "space": module.name, "convention": convention,
        "targets": dict(zip(measures, proposals.targets.tolist(), strict=True)),
        "proposals": rows, "agreement": agreement(proposals.picks),
        "samples": [
            {
                "temperature": s.temperature, "near": s.near,
                **{
                    m: {"median_miss": miss, "quantiles": list(q)}
                    for m, miss, q in zip(measures, s.median_miss, s.quantiles, strict=True)
                },
            }
            for s in spreads
        ],
    }  # fmt: skip


def _lines(row: Mapping[str, Any]) -> list[str]:
    from archir.proposals.targets import quantity

    wanted = ", ".join(f"{m}={quantity(m, t)}" for m, t in row["targets"].items())
    lines = [
        f"`{row['space']}`: {len(row['proposals'])} proposals for {wanted} (seed {row['seed']}, {row['seconds']:.1f} s)"
    ]
    shown = list(row["proposals"][0]["costs"])
    lines.append(
        "  network " + "".join(f"{_NAMES[m]:>{18 if m not in row['targets'] else 27}}" for m in shown) + "   bits"
    )
    for n, p in enumerate(row["proposals"]):
        cells = [
            f"{quantity(m, p['costs'][m]):>18}" + (f"{p['off'][m]:>+9.2%}" if m in p["off"] else "") for m in shown
        ]
        lines.append(f"  {n:>7} " + "".join(cells) + f"{p['bits']:>7.1f}")
    lines.append(f"  two networks agree in {row['agreement']:.0%} of the layers in the mean")
    lines.append("10,000 samples: off the target (5%, median, 95%), median distance; share within 5% of all targets")
    for s in row["samples"]:
        parts = [
            f"{_NAMES[m]} " + " ".join(f"{q:>+7.1%}" for q in s[m]["quantiles"]) + f", {s[m]['median_miss']:>5.1%}"
            for m in row["targets"]
        ]
        lines.append(f"  temperature {s['temperature']:<4g} {'   '.join(parts)}   near {s['near']:>6.1%}")
    return lines
