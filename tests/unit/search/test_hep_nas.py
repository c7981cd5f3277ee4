"""HEP-NAS as it is shipped: its settings are those of the paper, and contests are read from method files."""

from __future__ import annotations

from pathlib import Path

import pytest

import archir
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.ir.types import TensorType
from archir.passes import Rewrite, run_pipeline
from archir.passes.base import Values
from archir.search.compiler import Compiler
from archir.search.method import find_method, read_method
from archir.search.phases import SGD, Train
from archir.search.plan import Plan
from archir.search.rehearsal import rehearse
from archir.search.run import execute
from archir.search.schedules import Constant, Cosine
from archir.search.steps import Compete, RunPass, Step
from archir.source import Source
from tests.small_space import small_digits_space
from tests.unit.search.small import few_digits

THREE = ((0, 0, 15, 10), (1, 15, 10, 10), (2, 25, 10, 10))
SMALL_BUDGET: dict[str, Setting] = {
    "splits": ((0, 0, 2, 1), (1, 2, 0, 1), (2, 2, 0, 1)), "total": 2, "batch": 64, "learn": "weights", "lr": 0.1,
    "lr_end": 0, "part_lr": 0.1, "score": "loss", "final": 1, "final_lr": 3e-3,
}  # fmt: skip


def steps(**settings: Setting) -> tuple[Step, ...]:
    return read_method(find_method("hep_nas"), settings).steps


def phase(first: Step) -> Train:
    assert isinstance(first, Train | Compete)
    return first if isinstance(first, Train) else first.train


def method(body: str) -> tuple[Step, ...]:
    return read_method(Source("mine.nas", f"method mine() {{\n  relax()\n  {body}\n}}\n"), {}).steps


def test_the_settings_are_those_of_the_paper() -> None:
    relax, *middle, derive = steps()
    assert relax == RunPass("relax{levels=1, gate=softmax, temperature=1.0, anneal=1.0}")
    assert derive == RunPass("derive")
    trained, contests = middle[::2], middle[1::2]
    assert [phase(s).epochs for s in trained] == [15, 10, 10, 10]  # split at 15, 25, 35, 45
    assert [phase(s).epochs for s in contests] == [5, 4, 3, 2]
    assert all(phase(s).batch == 128 and phase(s).trains == ("weights", "arch") for s in middle)
    for number, contest in enumerate(contests):
        assert isinstance(contest, Compete)
        assert contest.split == f"partition{{by=node, at={number}, order=forward, seed=0}}"
        assert (contest.groups, contest.distill, contest.by) == ("gradients", "both", "accuracy")
    rates = [phase(s).weights.lr.at(e, 0, phase(s).epochs, 9) for s in trained for e in range(phase(s).epochs)]
    assert rates == pytest.approx([Cosine(0.025, 0.001).at(e, 0, 45, 9) for e in range(45)])  # parts do not count
    for contest, end in zip(contests, (15, 25, 35, 45), strict=True):
        still = {phase(contest).weights.lr.at(e, s, 5, 9) for e in range(5) for s in range(9)}
        assert still == {Cosine(0.025, 0.001).at(end, 0, 45, 9)}


def parts_of(space: Module, method_steps: tuple[Step, ...]) -> list[str]:
    """The passes that a rehearsal of a method runs for its contests."""
    seen: list[str] = []

    def run_passes(module: Module, spec: str, values: Values) -> Rewrite:
        if spec.startswith("partition"):
            seen.append(spec)
        return run_pipeline(module, spec, values)

    rehearse(space, method_steps, Compiler(run_passes=run_passes))
    return seen


@pytest.mark.parametrize(
    ("space", "settings", "counts"),
    [
        ("darts", {}, [4, 8, 16, 32]),
        ("nasbench201", {"splits": THREE, "total": 35}, [2, 4, 8]),
        ("nasbench201", {"splits": THREE, "order": "reverse"}, [8, 4, 2]),
        ("nasbench201", {"splits": tuple((e, 0, 1, 1) for e in range(6)), "by": "edge", "groups": "random"}, [2] * 6),
        ("nasbench201", SMALL_BUDGET, [2, 4, 8]),
    ],
)
def test_so_many_parts_compete(space: str, settings: dict[str, Setting], counts: list[int]) -> None:
    seen = parts_of(archir.load(space), steps(**settings))
    assert len(seen) == len(counts)
    relaxed = run_pipeline(archir.load(space), "relax").module
    for spec, count in zip(seen, counts, strict=True):
        beyond = spec.replace("part=0", f"part={count}")
        with pytest.raises(ArchirError, match=f"gives {count} modules"):
            run_pipeline(relaxed, beyond)


def test_the_small_budget_rests_its_architecture_and_anneals_its_parts() -> None:
    found = steps(**SMALL_BUDGET)
    assert [type(s).__name__ for s in found] == [
        "RunPass", "Train", "Compete", "Compete", "Compete", "Train", "RunPass"
    ]  # fmt: skip
    assert [phase(s).trains for s in found[1:-1]] == [("weights",)] * 4 + [("weights", "arch")]
    assert [phase(s).split for s in found[1:-1]] == [0.5] * 5
    assert phase(found[2]).weights == phase(found[-2]).weights == SGD(Cosine(0.1, 0, unit="step"))
    assert phase(found[-2]).arch.lr == Constant(3e-3)


@pytest.mark.slow
def test_algorithm_1_from_end_to_end(tmp_path: Path) -> None:
    space = archir.load("nasbench201", image=TensorType((1, 8, 8)), channels=2, cells=1)
    quick = steps(**{**SMALL_BUDGET, "splits": ((0, 0, 1, 1), (2, 1, 0, 1)), "batch": 16, "batches": 1})
    result = execute(Plan(quick, few_digits(96, 30), space), tmp_path / "run")
    assert result.module.form == "network"
    assert [r.parts for r in result.history] == [1, 2, 8, 1]
    assert len(result.milestones) == 5  # the supernet, two winners, the last phase, the network
    restrictions = [run for run in result.module.history if run.startswith("partition")]
    assert len(restrictions) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("compete(partition())", "told how to split and how to train"),
        ("compete(train(weights, split=0.5), partition())", "told how to split and how to train"),
        ("compete(partition(), train(weights))", "held out"),
        ("compete(partition(), train(weights, split=0.5), least=0)", "`least` must be an integer of at least 1"),
        ("compete(restrict(file=x), train(split=0.5))", "all modules of one pass that gives several"),
        ("compete(partition(part=1), train())", "all modules of one pass that gives several"),
        ("compete(partition(att=1), train())", "has no option `att`"),
        ("compete(partition(), train(), distil=both)", "`compete` has no option `distil`"),
        ("compete(partition(), train(), distill=all)", "`distill` must be one of none, previous, siblings, both"),
        ("compete(partition(), train(), groups=cut)", "`groups` must be one of given, gradients, random"),
        ("compete(partition(), train(), by=size)", "`by` must be one of accuracy, loss"),
        ("compete(partition(), train(), span=1)", "`compete` has no option `span`"),
        ("compete(partition(), train(bilevel=second_order))", "second order unrolls has no teachers"),
    ],
)
def test_what_is_no_contest_is_refused_at_its_place(body: str, words: str) -> None:
    with pytest.raises(ArchirError) as caught:
        method(body)
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.span is not None
    assert found.span.source.name == "mine.nas"
    assert found.span.source.text[found.span.start :].startswith(("compete(", "partition(", "restrict("))


def test_none_is_a_word_here() -> None:
    contest = method("compete(partition(), train(), distill=none)")[1]
    assert isinstance(contest, Compete)
    assert contest.distill == "none"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("compete(partition(at=7), train())", "there is no node 7"),
        ("compete(partition(of=(nowhere,)), train())", "no cell or choice `nowhere`"),
        ('compete(partition(groups=(("normal.x.2", 0, ((skip,),)),)), train(), groups=random)', "groups already"),
        ("derive()\n  compete(partition(), train())", "takes a space or a relaxed module"),
        ("compete(partition(), train(masks, split=0.5))", "no masks on weights"),
        ('restrict(to=(("normal.x.9", 0, (skip,)),))', "there is no choice"),
    ],
)
def test_a_contest_that_cannot_be_is_told_before_and_where_it_stands(body: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ArchirError) as caught:
        execute(Plan(method(body), few_digits(), small_digits_space()), tmp_path / "run")
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.help
    assert found.span is not None
    assert found.span.source.name == "mine.nas"
    last = body.rpartition("\n")[2].strip()
    assert found.span.source.text[found.span.start : found.span.end] == last
    assert not (tmp_path / "run").exists()


def test_a_place_in_the_space_stays_and_the_step_is_named() -> None:
    groups = '(("normal.x.2", 0, ((skip,), (nowhere,))),)'
    body = f"compete(partition(groups={groups}, of=(normal,)), train())"
    with pytest.raises(ArchirError) as caught:
        rehearse(small_digits_space(), method(body), Compiler())
    (found,) = caught.value.diagnostics
    assert found.span is not None
    assert found.span.source.name == "small.nas"
    assert found.notes == (f"in the step `{body}` of mine.nas",)
