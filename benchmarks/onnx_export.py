"""ONNX of the 20-cell DARTS_V2: archir against the exporters of torch, in one run on one machine.

    python benchmarks/onnx_export.py [--rounds N] [--json FILE]

- nodes: nodes in the file, by operator; and how many are left when ONNX Runtime has optimised them (in ORT)
- write: seconds from module and weights in memory to the bytes of a model
- check: seconds of onnx.checker and the comparison with torch, which `archir export` adds to it
- run: milliseconds of ONNX Runtime for a batch, at batch 1 and 32, with 1 and 2 threads

All rounds are interleaved: one after the other does each thing once, then comes the next round; numbers are medians.
Batch norms hold the statistics of some random batches, as in a trained network. The exporters of torch are
torch.onnx.export with dynamo=False and dynamo=True; the latter needs the package onnxscript, which is no dependency of
archir, and is left out where it is missing, which is said.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import os
import platform
import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import archir
from archir.ir.module import Module
from archir.lowering.onnx import check_onnx

ROOT = Path(__file__).parents[1]
NETWORK = "spaces/nets/darts_v2.nas"
BATCHES = (1, 32)
THREADS = (1, 2)
WRITING_ROUNDS = 3  # dynamo=True takes a quarter of a minute each time

Write = Callable[[], bytes]


def trained_like(network: torch.nn.Module, batches: int = 3) -> torch.nn.Module:
    """The network in evaluation mode, after some random images went through it while it was training."""
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(batches):
            network.train()(torch.randn(16, 3, 32, 32))
    return network.eval()


def torch_script(network: torch.nn.Module) -> bytes:
    """torch.onnx.export by way of TorchScript."""
    file = io.BytesIO()
    torch.onnx.export(
        network, (torch.zeros(2, 3, 32, 32),), file, dynamo=False,
        input_names=["image"], output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )  # fmt: skip
    return file.getvalue()


def torch_dynamo(network: torch.nn.Module) -> bytes:
    """torch.onnx.export by way of torch.export, with its own optimiser."""
    with redirect_stdout(io.StringIO()):
        program = torch.onnx.export(
            network, (torch.zeros(2, 3, 32, 32),), dynamo=True, verbose=False,
            input_names=["image"], output_names=["logits"], dynamic_shapes=(({0: torch.export.Dim("batch")},),),
        )  # fmt: skip
    assert program is not None
    return program.model_proto.SerializeToString()


def writers(module: Module, network: torch.nn.Module) -> tuple[dict[str, Write], dict[str, str]]:
    """What writes a model, by name; and why others are not available."""
    weights = network.state_dict()
    found: dict[str, Write] = {
        "archir": lambda: archir.to_onnx(module, weights).SerializeToString(),
        "torch dynamo=False": lambda: torch_script(network),
    }
    if importlib.util.find_spec("onnxscript") is None:
        return found, {"torch dynamo=True": "needs the package onnxscript, which is not installed"}
    return found | {"torch dynamo=True": lambda: torch_dynamo(network)}, {}


def writing(wanted: dict[str, Write]) -> tuple[dict[str, bytes], dict[str, list[float]]]:
    """The models, and the seconds of each round; the first round is on top, and also imports what it needs."""
    models: dict[str, bytes] = {}
    seconds: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(WRITING_ROUNDS + 1):
        for name, write in wanted.items():
            start = time.perf_counter()
            models[name] = write()
            seconds[name].append(time.perf_counter() - start)
    return models, seconds


def session(model: bytes, threads: int, optimized: str = "") -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.optimized_model_filepath = optimized
    options.log_severity_level = 3  # it warns that an optimized model fits this machine only, as is wanted here
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def running(models: dict[str, bytes], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds of a batch, by model and by threads and batch.

    `ratio` is the median over rounds of archir's time over the model's in the same round, which other work on the
    machine disturbs least. Each round starts with another model.
    """
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in models}
    names = list(models)
    for threads in THREADS:
        for batch in BATCHES:
            sessions = {name: session(model, threads) for name, model in models.items()}
            images = np.random.default_rng(0).standard_normal((batch, 3, 32, 32)).astype(np.float32)
            times: dict[str, list[float]] = {name: [] for name in models}
            for number in range(rounds + 1):
                first = number % len(names)
                for name in names[first:] + names[:first]:
                    times[name].append(milliseconds(sessions[name], images, repeats=max(1, 16 // batch)))
            own = times["archir"][1:]
            for name, (_, *spent) in times.items():
                found[name][f"{threads} threads, batch {batch}"] = {
                    "median": statistics.median(spent),
                    "least": min(spent),
                    "ratio": statistics.median(a / b for a, b in zip(own, spent, strict=True)),
                }
    return found


def milliseconds(ready: onnxruntime.InferenceSession, images: np.ndarray, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        ready.run(None, {"image": images})
    return 1e3 * (time.perf_counter() - start) / repeats


def optimized_nodes(model: bytes) -> int:
    """How many nodes ONNX Runtime runs in the end, after its own optimisations for this machine."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "optimized.onnx")
        session(model, 1, file)
        return len(onnx.load(file).graph.node)


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    packages = ("torch", "onnx", "onnxruntime", "numpy", "onnxscript")
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{p: version(p) for p in packages if importlib.util.find_spec(p) is not None},
    }


def measure(rounds: int) -> dict[str, object]:
    """All numbers."""
    torch.set_num_threads(1)
    module = archir.load(str(ROOT / NETWORK))
    network = trained_like(archir.to_torch(module))
    wanted, missing = writers(module, network)
    models, seconds = writing(wanted)
    times = running(models, rounds)
    inputs = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = network(inputs)
    results: dict[str, object] = {}
    for name, data in models.items():
        model = onnx.load_from_string(data)
        start = time.perf_counter()
        difference = check_onnx(model, inputs, expected)
        check = time.perf_counter() - start
        operators = Counter(node.op_type for node in model.graph.node)
        results[name] = {
            "nodes": operators.total(),
            "operators": dict(operators.most_common()),
            "optimized_nodes": optimized_nodes(data),
            "bytes": len(data),
            "write_seconds": statistics.median(seconds[name][1:]),
            "first_write_seconds": seconds[name][0],
            "check_seconds": check,
            "difference": difference,
            "run_milliseconds": times[name],
        }
    return {"network": NETWORK, "rounds": rounds, "results": results, "not available": missing, "machine": machine()}


def table(found: dict[str, object]) -> str:
    """The numbers for people."""
    results = found["results"]
    assert isinstance(results, dict)
    columns = list(next(iter(results.values()))["run_milliseconds"])
    lines = [f"{'':20} {'nodes':>6} {'in ORT':>6} {'write':>9}" + "".join(f" {c:>21}" for c in columns)]
    for name, r in results.items():
        spent = [r["run_milliseconds"][c] for c in columns]
        runs = "".join(f" {ms['median']:9.1f} ms ({ms['ratio']:6.3f})" for ms in spent)
        lines.append(f"{name:20} {r['nodes']:6} {r['optimized_nodes']:6} {r['write_seconds']:7.3f} s{runs}")
    missing = found["not available"]
    assert isinstance(missing, dict)
    lines.append("in brackets: the time of archir's model over this one's, in the same round")
    return "\n".join([*lines, *(f"{name}: not available: {why}" for name, why in missing.items())])


def main() -> None:
    """Prints the numbers; writes them as JSON where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=9, help="rounds of running each model")
    arguments.add_argument("--json", type=Path, help="write all numbers to this file")
    chosen = arguments.parse_args()
    warnings.simplefilter("ignore")  # the exporters of torch speak of their own future
    found = measure(chosen.rounds)
    print(table(found))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
