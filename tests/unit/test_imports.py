"""Cheap commands stay cheap: what they import never reaches the heavy libraries."""

from __future__ import annotations

import importlib.util
import json

import pytest

from tests.processes import output_of

CHEAP = (
    "archir",
    "archir.source",
    "archir.diagnostics",
    "archir.files",
    "archir.ir",
    "archir.ops",
    "archir.syntax",
    "archir.sema",
    "archir.space",
    "archir.analysis",
    "archir.passes",
    "archir.proposals",
    "archir.cli",
)
HEAVY = {
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "onnx_ir",
    "networkx",
    "sklearn",
    "matplotlib",
    "scipy",
    "tensorboard",
    "safetensors",
    "PIL",
}


@pytest.mark.parametrize("name", CHEAP)
def test_import_is_cheap(name: str) -> None:
    script = (
        "import importlib, json, pkgutil, sys\n"
        f"package = importlib.import_module({name!r})\n"
        "path = [] if package.__name__ == 'archir' else getattr(package, '__path__', [])\n"
        "for module in pkgutil.iter_modules(path):\n"
        "    if not module.name.startswith('_'): importlib.import_module(f'{package.__name__}.{module.name}')\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    assert not HEAVY & set(json.loads(output_of(script)))


def test_the_list_of_cheap_packages_is_true() -> None:
    assert all(importlib.util.find_spec(name) for name in CHEAP)
