"""Expressions of the flat form: what is written between two values, in any number."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from archir.analysis.cost_expression import cost_expression
from archir.analysis.gates import evaluate_objective
from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Gate, Number, added, multiplied
from archir.ir.module import Module, Objective
from archir.ir.printer import print_flat
from archir.passes import run_pipeline
from archir.sema import load_source
from archir.source import Source
from tests.small_space import small_digits_space

TWO, THREE, FOUR = Number(2.0), Number(3.0), Number(4.0)


def with_objective(value: Gate) -> Module:
    return evolve(run_pipeline(small_digits_space(), "relax").module, objectives=(Objective("o", value),))


def read(text: str) -> Module:
    return load_source(Source("flat.nas", text))


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        (added((TWO, THREE, FOUR)), "2.0 + 3.0 + 4.0", 9.0),
        (multiplied((TWO, multiplied((THREE, FOUR)))), "2.0 * 3.0 * 4.0", 24.0),
        (Apply("+", (Apply("+", (TWO, THREE)), FOUR)), "(2.0 + 3.0) + 4.0", 9.0),
        (Apply("+", (Apply("-", (TWO, THREE)), FOUR)), "2.0 - 3.0 + 4.0", 3.0),
        (Apply("-", (added((TWO, THREE)), FOUR)), "2.0 + 3.0 - 4.0", 1.0),
        (Apply("/", (Apply("/", (TWO, FOUR)), FOUR)), "2.0 / 4.0 / 4.0", 0.125),
        (multiplied((TWO, added((THREE, FOUR)))), "2.0 * (3.0 + 4.0)", 14.0),
    ],
)
def test_what_is_written_is_read(value: Gate, text: str, number: float) -> None:
    module = with_objective(value)
    assert str(value) == text
    assert read(print_flat(module)) == module
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    assert evaluate_objective(module, value, values) == number


def test_a_long_sum_is_no_deeper_than_a_short_one() -> None:
    module = with_objective(added([Number(1.0)] * 20_000))
    assert read(print_flat(module)) == module


def test_signs_that_change_too_often_are_refused() -> None:
    text = print_flat(with_objective(Number(7.25))).replace("7.25", "7.25" + " - 1.0 + 1.0" * 60)
    with pytest.raises(ArchirError) as caught:
        read(text)
    assert caught.value.diagnostics[0].code == "NAS102"


def test_costs_of_a_thousand_choices_are_one_sum() -> None:
    text = """candidates ops = conv(k={1, 3})
net n(image: tensor[2, 4, 4]) {
  x = image
  for i in 0..1000 { x = choose ops from x keep 1 op }
  return x
}
"""
    module = run_pipeline(read(text), "relax").module
    expression = cost_expression(module, "params")
    assert isinstance(expression, Apply)
    assert len(expression.arguments) == 1001
    assert run_pipeline(module, "complexity_loss").module.objectives
