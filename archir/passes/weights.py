"""Where weights come from when a pass has run: from an old path, or from an expression over old ones.

Unlike gates, which are over the axes of a choice and have their functions in a table for each backend, these are
few forms over tensors, which NumPy arrays and torch tensors evaluate alike.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from attrs import frozen

from archir.ir.gates import Number, as_float32


@frozen
class Old:
    """The weight that stood at a path."""

    path: str

    def __str__(self) -> str:
        return self.path


@frozen
class Arithmetic:
    """Two weights, or a weight and a number, number by number; shapes broadcast."""

    operator: Literal["+", "-", "*"]
    left: WeightExpression
    right: WeightExpression

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


@frozen
class InverseRoot:
    """1 / sqrt(x), number by number."""

    x: WeightExpression

    def __str__(self) -> str:
        return f"rsqrt({self.x})"


@frozen
class Part:
    """The numbers from `start` up to `stop` of a vector."""

    x: WeightExpression
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{self.x}[{self.start}:{self.stop}]"


@frozen
class Column:
    """A vector as the first of `axes` axes, so that it broadcasts over the output channels of a kernel."""

    x: WeightExpression
    axes: int

    def __str__(self) -> str:
        return f"column({self.x}, {self.axes})"


@frozen
class Step:
    """1 where a mask reaches its threshold, else 0, number by number; see `archir.ir.gates`."""

    x: WeightExpression
    threshold: float

    def __str__(self) -> str:
        return f"step({self.x}, {self.threshold!r})"


@frozen
class Fresh:
    """Nothing old: whatever is at or below the new path begins as in a module that was never trained."""

    def __str__(self) -> str:
        return "fresh"


WeightExpression: TypeAlias = Old | Number | Arithmetic | InverseRoot | Part | Column | Step | Fresh

WeightMap: TypeAlias = Mapping[str, str | WeightExpression]
"""Where weights come from, by their new paths.

An old path and `Fresh` stand for all that lies at or below them, another expression for the one tensor at the new
path. The longest listed path decides. What no listed path covers keeps its path.
"""

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def evaluate(expression: WeightExpression, weight: Callable[[str], Any]) -> Any:
    """The tensor that an expression describes; `weight` gives numpy arrays or torch tensors by old path.

    ValueError for `Fresh`, of which there is none.
    """
    match expression:
        case Old(path):
            return weight(path)
        case Number(value):
            return value
        case Arithmetic(sign, left, right):
            return _OPERATORS[sign](evaluate(left, weight), evaluate(right, weight))
        case InverseRoot(x):
            return evaluate(x, weight) ** -0.5
        case Part(x, start, stop):
            return evaluate(x, weight)[start:stop]
        case Column(x, axes):
            vector = evaluate(x, weight)
            return vector.reshape(vector.shape[0], *(1,) * (axes - 1))
        case Step(x, threshold):
            return evaluate(x, weight) >= as_float32(threshold)
        case Fresh():
            raise ValueError("nothing old is there to begin with")


def old_paths(expression: WeightExpression) -> Iterator[str]:
    """The old paths that an expression reads."""
    match expression:
        case Old(path):
            yield path
        case Arithmetic(_, left, right):
            yield from old_paths(left)
            yield from old_paths(right)
        case InverseRoot(x) | Part(x) | Column(x) | Step(x):
            yield from old_paths(x)


def substituted(expression: WeightExpression, change: Callable[[str], WeightExpression]) -> WeightExpression:
    """The expression with each old path replaced; what is made of something fresh is fresh."""
    if any(isinstance(change(path), Fresh) for path in old_paths(expression)):
        return Fresh()
    match expression:
        case Old(path):
            return change(path)
        case Arithmetic(sign, left, right):
            return Arithmetic(sign, substituted(left, change), substituted(right, change))
        case InverseRoot(x):
            return InverseRoot(substituted(x, change))
        case Part(x, start, stop):
            return Part(substituted(x, change), start, stop)
        case Column(x, axes):
            return Column(substituted(x, change), axes)
        case Step(x, threshold):
            return Step(substituted(x, change), threshold)
    return expression


def former(weights: WeightMap, path: str) -> WeightExpression:
    """What a weight is made from: `Old` of a path unless a pass computes it."""
    found = _source(weights, path)
    return Old(found) if isinstance(found, str) else found


def former_path(weights: WeightMap, path: str) -> str | None:
    """The path that a weight had before a rewrite; None if it was computed."""
    found = former(weights, path)
    return found.path if isinstance(found, Old) else None


def compose(later: WeightMap, earlier: WeightMap) -> dict[str, str | WeightExpression]:
    """One map for two rewrites in a row: `former` of it is that of `earlier` put into that of `later`."""
    keys = set(later) | set(earlier)
    for new, middle in later.items():
        if isinstance(middle, str):
            keys |= {new + key[len(middle) :] for key in earlier if key.startswith(f"{middle}.")}
    return {key: _through(_source(later, key), earlier) for key in sorted(keys)}


def _through(found: str | WeightExpression, earlier: WeightMap) -> str | WeightExpression:
    if isinstance(found, str):
        return _source(earlier, found)
    return substituted(found, lambda path: former(earlier, path))


def _source(weights: WeightMap, path: str) -> str | WeightExpression:
    here = path
    while here:
        found = weights.get(here)
        if isinstance(found, str):
            return found + path[len(here) :]
        if found is not None and (here == path or isinstance(found, Fresh)):
            return found
        here = here.rpartition(".")[0]
    return path
