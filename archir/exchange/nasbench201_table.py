"""Tables of NAS-Bench-201 (Dong and Yang, ICLR 2020): the true accuracy of every architecture, as a CSV file."""

from __future__ import annotations

import csv
import gzip
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import cached_property
from math import comb, isfinite
from pathlib import Path
from typing import NoReturn

from attrs import frozen

from archir.diagnostics import fail
from archir.exchange.nasbench201 import Edges, architecture_text

_LOOKS = "its first line names `arch` and, for a data set NAME, `NAME_test` and perhaps `NAME_valid`"


@frozen(slots=False, eq=False)
class Table:
    """Accuracies in percent by architecture string; `valid` is empty where the table has none."""

    name: str
    test: Mapping[str, float]
    valid: Mapping[str, float]

    @cached_property
    def ordered(self) -> list[float]:
        """All test accuracies, rising."""
        return sorted(self.test.values())

    def true(self, edges: Edges) -> float:
        """The test accuracy of an architecture; raises `ArchirError` NAS509 if the table lacks it."""
        text = architecture_text(edges)
        if text not in self.test:
            _refuse(f"`{self.name}` has no line for {text}", "use a table of the whole benchmark")
        return self.test[text]

    def rank(self, accuracy: float) -> int:
        """1 + the number of architectures that are better."""
        return 1 + len(self.ordered) - bisect_right(self.ordered, accuracy)

    def percentile(self, accuracy: float) -> float:
        """Percent of the architectures that are worse."""
        return 100 * bisect_left(self.ordered, accuracy) / len(self.ordered)


def expected_best(ordered: list[float], count: int) -> float:
    """The expected largest of `count` different ones of rising numbers, each set of them equally likely."""
    n = len(ordered)
    count = min(count, n)
    return sum(comb(i, count - 1) * value for i, value in enumerate(ordered)) / comb(n, count)


def read_table(path: str, dataset: str) -> Table:
    """The accuracies of a data set in a .csv or .csv.gz file; other columns are not read.

    Raises:
        ArchirError: NAS103 if the file cannot be read, NAS509 if it is no such table.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = (error.strerror or "it is no gzip file").lower() if isinstance(error, OSError) else "it is damaged"
        fail("NAS103", f"`{path}` cannot be read: {reason}", help=f"name a .csv or .csv.gz file; {_LOOKS}")
    reader = csv.DictReader(text.splitlines(), strict=True)
    wanted = f"{dataset}_test"
    try:
        columns = list(reader.fieldnames or ())
        if "arch" not in columns or wanted not in columns:
            lacking = "arch" if "arch" not in columns else wanted
            known = ", ".join(c.removesuffix("_test") for c in columns if c.endswith("_test"))
            help_ = f"give one of `--dataset {known}`" if known and lacking == wanted else _LOOKS
            _refuse(f"`{path}` has no column `{lacking}`", help_)
        test: dict[str, float] = {}
        valid: dict[str, float] = {}
        for row in reader:
            if row["arch"] in test:
                _refuse(f"line {reader.line_num} of `{path}` has the architecture of another line", "leave one out")
            test[row["arch"]] = _percent(row[wanted])
            if row.get(f"{dataset}_valid"):
                valid[row["arch"]] = _percent(row[f"{dataset}_valid"])
    except (ValueError, TypeError, csv.Error) as error:
        _refuse(f"line {reader.line_num} of `{path}`: {error}", _LOOKS)
    if not test:
        _refuse(f"`{path}` has no architectures", _LOOKS)
    return Table(file.name, test, valid)


def _percent(text: str) -> float:
    value = float(text)
    if not (isfinite(value) and 0 <= value <= 100):
        raise ValueError(f"`{text}` is no accuracy in percent")
    return value


def _refuse(message: str, help_: str) -> NoReturn:
    fail("NAS509", message, help=help_)
