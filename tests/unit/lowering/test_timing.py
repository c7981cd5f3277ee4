"""Times of blocks: that they are there, in which order they are taken, and that equal blocks are timed once."""

from __future__ import annotations

import numpy as np
import pytest

import archir
from archir.analysis.blocks import blocks_of
from archir.analysis.latency import Timing, rest_of
from archir.ir.inlined import inlined
from archir.lowering.onnx import latency, timing
from archir.lowering.onnx.timing import milliseconds
from tests.unit.analysis.test_cost import load
from tests.unit.analysis.test_latency import PAIR


def test_blocks_are_timed_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = [b.graph for b in blocks_of(load(PAIR))]
    made = []

    def session(model: bytes, shape: tuple[int, ...], threads: int):
        made.append((shape, threads))
        return timed(model, shape, threads)

    timed = timing._session
    monkeypatch.setattr(timing, "_session", session)
    seen: list[tuple[int, int]] = []
    times = milliseconds(graphs, 4, 1, lambda done, total: seen.append((done, total)))
    # conv, relu, max_pool at 8x8, conv at 4x4, pool, linear; before them what does nothing
    assert [shape for shape, _ in made] == [(1,), (4, 8, 8), (4, 8, 8), (4, 8, 8), (4, 4, 4), (4, 4, 4), (4,)]
    assert seen == [(n + 1, 42) for n in range(42)]
    assert [t.shape for t in times] == [(4,)] * len(graphs)
    for graph, of in zip(graphs, times, strict=True):
        assert (of == 0).all() if not graph.nodes else (of >= 0).all()
    again = milliseconds([*graphs, graphs[0]], 3)
    np.testing.assert_array_equal(again[0], again[-1])


def test_what_a_call_takes_is_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a model that does nothing takes 2 ms, any other 5."""
    now = [0.0]

    def session(model: bytes, shape: tuple[int, ...], threads: int):
        def run() -> None:
            now[0] += 0.002 if shape == (1,) else 0.005

        return run

    monkeypatch.setattr(timing, "_session", session)
    monkeypatch.setattr(timing.time, "thread_time", lambda: now[0])
    graphs = [b.graph for b in blocks_of(load(PAIR)) if b.graph.nodes]
    np.testing.assert_allclose(milliseconds(graphs, 3), 3.0)


def test_larger_blocks_take_longer() -> None:
    text = PAIR.replace("conv_3x3: conv(k=3)", "conv_3x3: conv(k=3) | wide: wide").replace("4, 8, 8", "16, 64, 64")
    text += "block wide(x) { return x |> conv(512, k=5) |> conv(x.channels, k=5) }"
    blocks = {b.place.operation: b.graph for b in blocks_of(load(text)) if b.place.input == "16x64x64"}
    small, large = milliseconds([blocks["conv_3x3"], blocks["wide"]], 3)
    assert np.median(large) > 5 * np.median(small)


def test_a_candidate_of_a_cell_space_is_timed() -> None:
    blocks = [b for b in blocks_of(archir.load("nasbench201")) if b.place.choice == "normal.x.1"]
    times = dict(zip((b.place.operation for b in blocks), milliseconds([b.graph for b in blocks], 3), strict=True))
    assert np.median(times["conv_3x3"]) > 0
    assert (times["skip"] == 0).all()


def test_what_networks_take_beyond_their_blocks_is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks take a millisecond for each of their nodes here, networks half a millisecond more."""

    def made_up(graphs, rounds, *_):
        return [np.full(rounds, len(inlined(g).nodes) + (0.5 if g.kind == "net" else 0.0)) for g in graphs]

    monkeypatch.setattr(latency, "milliseconds", made_up)
    module = load(PAIR)
    found = latency.measured(module, 3, networks=4)
    assert found.timings[-1] == Timing(rest_of(module), 1, 0.5, 0.0)
    assert len(found.timings) == len(blocks_of(module)) + 1
    assert {c.network - c.blocks for c in found.checks} == {0.5}
    # relu, max_pool, global_avg_pool and linear; three convolutions or none, since the cells are alike
    assert {c.network for c in found.checks} == {4.5, 7.5}
