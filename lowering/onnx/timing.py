"""How long blocks take in ONNX Runtime on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from archir.ir.graph import Graph
from archir.ir.module import Module
from archir.lowering.flatten import flatten, weights_of
from archir.lowering.onnx.model import FILE_VERSION, OPERATOR_SET, to_onnx
from archir.lowering.weights import Array

Progress = Callable[[int, int], None]


def milliseconds(
    graphs: Sequence[Graph], rounds: int, threads: int = 1, progress: Progress | None = None
) -> list[Array]:
    """The times of each block in each round, for a batch of one.

    In a round each block runs once, so that whatever slows the machine slows all alike, and a block finds the caches
    as a network would leave them. Two rounds warm up. What ONNX Runtime takes to be called at all is paid once for a
    network: the median time of a model that does nothing is taken off. On one thread, time is that of the thread:
    while other processes hold the core it stands still (long blocks would seem slower than short ones otherwise).
    On several it is that of the clock on the wall.

    Args:
        graphs: blocks of one input without choices. Blocks that are equal are timed once; one that gives its input
            back takes no time.
        rounds: how many times are given.
        threads: of ONNX Runtime.
        progress: hears of (done, all) runs.
    """
    distinct = [g for g in dict.fromkeys(graphs) if g.nodes]
    runs = [
        _session(_empty(), (1,), threads),
        *(_session(_bytes(g), g.inputs[0].type.shape, threads) for g in distinct),
    ]
    times = np.zeros((len(runs), rounds))
    clock = time.thread_time if threads == 1 else time.perf_counter
    warming = 2
    for number in range(-warming, rounds):
        for place, run in enumerate(runs):
            start = clock()
            run()
            if number >= 0:
                times[place, number] = 1e3 * (clock() - start)
            if progress is not None:
                progress((number + warming) * len(runs) + place + 1, (rounds + warming) * len(runs))
    net = np.maximum(times[1:] - np.median(times[0]), 0.0)
    by_graph: Mapping[Graph, Array] = dict(zip(distinct, net, strict=True))
    return [by_graph.get(g, np.zeros(rounds)) for g in graphs]


def _bytes(graph: Graph) -> bytes:
    """A model of a block, with weights that give ordinary numbers."""
    network = Module(graph.name, "network", graph)
    random = np.random.default_rng(0)
    weights = {path: _values(random, w.shape) for path, w in weights_of(flatten(network).steps).items()}
    serialized: bytes = to_onnx(network, weights).SerializeToString()
    return serialized


def _values(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Above zero: some are variances."""
    return random.uniform(0.01, 0.1, shape).astype(np.float32)


def _empty() -> bytes:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 1]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "empty", [x], [y])
    opset = [helper.make_opsetid("", OPERATOR_SET)]
    serialized: bytes = helper.make_model(graph, opset_imports=opset, ir_version=FILE_VERSION).SerializeToString()
    return serialized


def _session(model: bytes, shape: tuple[int, ...], threads: int) -> Callable[[], Any]:
    """A call that runs a model once."""
    import onnxruntime  # loading it takes half a second

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal only: it warns about what its own optimizer does
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    values = np.random.default_rng(0).standard_normal((1, *shape), dtype=np.float32)
    given = {session.get_inputs()[0].name: values}
    return lambda: session.run(None, given)
