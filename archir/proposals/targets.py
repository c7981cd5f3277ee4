"""What a network shall cost: `macs=300M`, `params=60%`, `latency=20ms`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import NoReturn

from attrs import frozen

from archir.diagnostics import fail
from archir.sema.suggest import did_you_mean

_COUNTS = MappingProxyType({"": 1, "k": 10**3, "M": 10**6, "G": 10**9})
_TIMES = MappingProxyType({"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9})
UNITS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {"macs": _COUNTS, "params": _COUNTS, "elements": _COUNTS, "latency": _TIMES}
)
"""The measures, and the suffixes of their amounts. Latency is counted in nanoseconds."""
_AMOUNT = re.compile(r"(\d{1,30}(?:\.\d{1,30})?)\s*(%|[A-Za-z]*)")


@frozen
class Target:
    """An amount of a measure; with `share` a part (0 to 1) of the way from the space's least to its largest."""

    measure: str
    amount: Fraction
    share: bool = False

    def between(self, least: float, most: float) -> float:
        """The amount in a space whose networks cost `least` to `most`."""
        return float(least + self.amount * Fraction(most - least)) if self.share else float(self.amount)


def parse_target(text: str) -> Target:
    """The target of `MEASURE=AMOUNT`; raises `ArchirError` NAS406 if the text is none."""
    measure, equals, amount = (part.strip() for part in text.partition("="))
    if not equals:
        _refuse(f"`{text}` is no target", "write MEASURE=AMOUNT, for example `macs=300M`, `params=60%`")
    if measure in ("memory", "peak_bytes"):
        help_ = "use `elements`, all numbers that operations write: costs of layers add up to it"
        _refuse(f"`{measure}` is the largest of several sums, and no sum over layers", help_)
    if measure not in UNITS:
        _refuse(f"there is no measure `{measure}`", did_you_mean(measure, UNITS) or f"use one of {', '.join(UNITS)}")
    found = _AMOUNT.fullmatch(amount)
    units = UNITS[measure]
    if found is None or found[2] not in ("%", *units):
        known = "20ms, 350us, 1.5s" if units is _TIMES else "300M, 0.3G, 4800k, 4800000"
        _refuse(f"`{amount}` is no amount of `{measure}`", f"write for example {known}, or a share of the range: 60%")
    number = Fraction(found[1])
    if found[2] == "%":
        if number > 100:
            _refuse(f"`{text}` is more than the whole range", "0% is the space's least, 100% its largest")
        return Target(measure, number / 100, share=True)
    return Target(measure, number * units[found[2]])


def parse_targets(texts: tuple[str, ...]) -> tuple[Target, ...]:
    """Targets for different measures; raises `ArchirError` NAS406 for one that is none, or twice there."""
    targets = tuple(map(parse_target, texts))
    if not targets:
        _refuse("there is no target", "write one or more, for example `--target macs=300M --target params=4.8M`")
    for n, target in enumerate(targets):
        if target.measure in (earlier.measure for earlier in targets[:n]):
            _refuse(f"`{target.measure}` has two targets", "give each measure one")
    return targets


def quantity(measure: str, amount: float) -> str:
    """An amount for people: `300,000,000`, `12.345 ms`."""
    return f"{amount / 10**6:,.3f} ms" if measure == "latency" else f"{amount:,.0f}"


def _refuse(message: str, help_: str) -> NoReturn:
    fail("NAS406", message, help=help_)
