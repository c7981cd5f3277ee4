"""Formatting and both printings: what is written is what is read."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from archir.diagnostics import ArchirError
from archir.ir.printer import print_flat
from archir.ir.verifier import verify
from archir.passes import run_pipeline
from archir.sema import load_source
from archir.sema.library import library_folder
from archir.source import Source
from archir.syntax import parse
from archir.syntax.comments import Comments
from archir.syntax.formatter import format_text
from tests.property.spaces import Writer, space_text

TIMES = int(os.environ.get("ARCHIR_FUZZ", "1"))  # N makes N times as many tries
SEEDS = (Phase.explicit, Phase.reuse, Phase.generate)  # a seed has nothing to shrink
quick = settings(max_examples=25 * TIMES, deadline=None, phases=SEEDS, suppress_health_check=[HealthCheck.too_slow])
SHIPPED = sorted(library_folder().rglob("*.nas"))


def comments(text: str) -> list[str]:
    return sorted(comment for _, comment in Comments.of(Source("text", text)).waiting)


def check_formatting(text: str) -> None:
    once = format_text(Source("before", text))
    assert parse(Source("after", once)).items == parse(Source("before", text)).items
    assert format_text(Source("again", once)) == once
    assert comments(once) == comments(text)
    assert not any(line != line.rstrip() for line in once.split("\n"))


@settings(max_examples=200 * TIMES, deadline=None, phases=SEEDS, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**40))
def test_formatting_keeps_meaning_and_comments_and_is_stable(seed: int) -> None:
    text = Writer(Random(seed)).file()
    check_formatting(text)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_files_are_formatted(path) -> None:  # type: ignore[no-untyped-def]
    text = path.read_text("utf-8")
    check_formatting(text)
    assert format_text(Source("shipped", text)) == text


@pytest.mark.slow
@quick
@given(st.integers(0, 2**40))
def test_flat_form_reads_back_as_the_same_module(seed: int) -> None:
    r = Random(seed)
    module = load_source(Source("space", space_text(r)), parameters={"channels": r.randint(2, 6) * 2})
    verify(module)
    for pipeline in ("", "sample", "relax", "relax{levels=2}"):
        try:
            after = run_pipeline(module, pipeline).module
        except ArchirError:  # edges with different candidates cannot be relaxed; nothing may be kept of some choices
            continue
        text = print_flat(after)
        back = load_source(Source("flat", text))
        assert back == after
        assert print_flat(back) == text
        check_formatting(text)
