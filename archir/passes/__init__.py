"""Passes: functions from modules to modules, by name and with options."""

from archir.passes.base import Pass, Rewrite, Split, Values, option
from archir.passes.describe import OptionDescription, PassDescription, describe_pass, describe_passes
from archir.passes.manager import Observer, Step, read_pipeline, run_branches, run_pipeline
from archir.passes.options import spec
from archir.passes.registry import Entry, Registry, default_registry
from archir.passes.weights import WeightExpression, WeightMap, compose, evaluate, former, former_path

__all__ = [
    "Entry",
    "Observer",
    "OptionDescription",
    "Pass",
    "PassDescription",
    "Registry",
    "Rewrite",
    "Split",
    "Step",
    "Values",
    "WeightExpression",
    "WeightMap",
    "compose",
    "default_registry",
    "describe_pass",
    "describe_passes",
    "evaluate",
    "former",
    "former_path",
    "option",
    "read_pipeline",
    "run_branches",
    "run_pipeline",
    "spec",
]
