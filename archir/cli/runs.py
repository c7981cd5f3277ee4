"""Runs as the commands read them: what was found, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archir.cli.common import print_notes
from archir.cli.recorded import steps_of
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.ir.module import Module
    from archir.ir.primitive import Weight
    from archir.passes import Rewrite
    from archir.search.result import Result


def found_network(result: Result, rule: str | None = None) -> Module:
    """The network of a run, derived from its last values if need be: see `derived`."""
    return derived(result, rule).module


def derived(result: Result, rule: str | None = None) -> Rewrite:
    """The network of a run, and where its weights come from among the tensors of the run.

    What the method has not derived yet is derived from the last values: by `rule`, or as the method
    would next; as `derive` does by itself where other passes or phases have to come first.

    Raises `ArchirError` NAS502 if no epoch has ended yet, or the method would select a path and has not.
    """
    from archir.passes import Rewrite, run_pipeline

    module = result.module
    if module.form == "network":
        return Rewrite(module)
    if module.form == "space":
        message = f"the run in `{result.folder}` has no learned values: it was stopped in its first epoch"
        fail("NAS502", message, help="go on with it: `archir search --resume`")
    spec = _next_derivation(result) if rule is None else f"derive{{rule={rule}}}"
    rewrite = run_pipeline(module, spec, result.values)
    print_notes(rewrite.notes)
    return rewrite


def _next_derivation(result: Result) -> str:
    """The pass of the run's method that comes next, if it derives; `derive` otherwise."""
    from archir.passes import read_pipeline
    from archir.passes.derive import Derive
    from archir.search.steps import RunPass, Select

    steps = steps_of(result.setup)[result.step :]
    decides = next((step for step in steps if isinstance(step, RunPass | Select)), None)
    if isinstance(decides, Select):
        help_ = "go on with it: `archir search --resume`, or say how architecture parameters become a network: `--rule`"
        fail("NAS502", f"the run in `{result.folder}` has not selected a path yet", help=help_)
    spec = "derive" if decides is None else decides.spec
    return spec if isinstance(read_pipeline(spec)[0][0], Derive) else "derive"


def network_weights(module: Module) -> dict[str, Weight]:
    """The tensors of a network by path, statistics included."""
    from archir.lowering.flatten import flatten, weights_of

    return weights_of(flatten(module).steps)


def nonzero_of(result: Result) -> int | None:
    """The parameters of a run's network without the zeros of its kernels; None before there is one with weights."""
    from archir.search.zeros import nonzero_parameters

    if result.module.form != "network" or not result.tensors:
        return None
    trained = [path for path, weight in network_weights(result.module).items() if weight.kind == "parameter"]
    return nonzero_parameters(result.module, {p: result.tensors[p] for p in trained if p in result.tensors})


def summarize(result: Result) -> dict[str, Any]:
    """What a program wants to know of a run."""
    from archir.analysis.cost import macs, parameters

    module = result.module
    last = result.history[-1] if result.history else None
    return {
        "run": str(Path(result.folder)),
        "form": module.form,
        "params": parameters(module),
        "nonzero_params": nonzero_of(result),
        "macs": macs(module),
        "finished": result.finished,
        "epochs": len(result.history),
        "accuracy": None if last is None else last.accuracy,
        "child_accuracy": None if last is None else last.child_accuracy,
        "edges": {} if last is None else dict(last.edges),
        "operations": {} if last is None else dict(last.operations),
        "evaluated_on": None if last is None else last.evaluated,
        "seconds": result.seconds,
        "notes": list(result.notes),
    }
