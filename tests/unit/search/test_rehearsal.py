"""A method that cannot work to its end is refused before its run begins."""

from __future__ import annotations

from pathlib import Path

import pytest

import archir
from archir.diagnostics import ArchirError, fail
from archir.ir.module import Module
from archir.passes import Rewrite, Values, run_pipeline
from archir.search.compiler import Compiler
from archir.search.method import find_method, read_method
from archir.search.phases import Train
from archir.search.plan import Plan
from archir.search.rehearsal import rehearse
from archir.search.run import execute
from archir.search.steps import RunPass, Step
from tests.small_space import small_digits_space
from tests.unit.search.small import few_digits

FIRST: tuple[Step, ...] = (RunPass("widen"), RunPass("relax"), Train(epochs=50))


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ((Train("masks"),), "NAS402", "no masks on weights"),
        ((RunPass("mask{weights=true,operations=false,edges=false}"), Train("arch_masks")), "NAS402", "no masks on op"),
        ((RunPass("derive{rule=nonzero}"), Train("arch")), "NAS402", "no architecture parameters"),
        ((RunPass("derive{rule=mask}"),), "NAS402", "no masks to derive by"),
        ((RunPass("relax"),), "NAS402", "`relax` takes"),
        ((RunPass("restart"), RunPass("derive{rule=nonzero}"), RunPass("fix{point=nowhere}")), "NAS402", "takes"),
    ],
)
def test_what_cannot_work_later_is_told_before(more: tuple[Step, ...], code: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ArchirError) as caught:
        execute(Plan((*FIRST, *more), few_digits(), small_digits_space()), tmp_path / "run")
    assert caught.value.diagnostics[0].code == code
    assert words in caught.value.diagnostics[0].message
    assert not (tmp_path / "run").exists()


def test_a_space_cannot_train() -> None:
    with pytest.raises(ArchirError, match="NAS604"):
        rehearse(small_digits_space(), (Train("weights"),), Compiler())


@pytest.mark.parametrize(
    ("space", "method"),
    [
        ("darts", "darts"), ("nasbench201", "darts"), ("darts", "entrannas"), ("darts12", "entrannas_dst"),
        ("hmnas", "hm_nas"), ("darts", "hc_das"), ("hs_das", "hs_das"), ("hs_das_cells", "hs_das_cells"),
    ],
)  # fmt: skip
def test_shipped_methods_can_work(space: str, method: str) -> None:
    rehearse(archir.load(space), read_method(find_method(method), {}).steps, Compiler())


@pytest.mark.parametrize(("spec", "told"), [("derive{rule=nonzero}", False), ("fix{point=x}", True)])
def test_a_point_that_is_wrong_may_be_right_when_it_is_learned(spec: str, told: bool) -> None:
    def run_passes(module: Module, pipeline: str, values: Values) -> Rewrite:
        if pipeline == spec:
            fail("NAS404", "nothing is kept")
        return run_pipeline(module, pipeline, values)

    steps = (*FIRST, RunPass(spec))
    if told:
        with pytest.raises(ArchirError, match="nothing is kept"):
            rehearse(small_digits_space(), steps, Compiler(run_passes=run_passes))
    else:
        rehearse(small_digits_space(), steps, Compiler(run_passes=run_passes))
