"""Nothing is public by accident: what a package hands out is what its `__all__` says."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import archir

PACKAGES = ["archir", *(m.name for m in pkgutil.walk_packages(archir.__path__, "archir.") if m.ispkg)]


def public(module: ModuleType) -> set[str]:
    """Names that a star import would take if there were no `__all__`; submodules are reached by their own path."""
    found = set()
    for name, value in vars(module).items():
        is_submodule = isinstance(value, ModuleType) and value.__name__ == f"{module.__name__}.{name}"
        if not name.startswith("_") and name not in ("annotations", "TYPE_CHECKING") and not is_submodule:
            found.add(name)
    return found


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_hand_out_what_they_list(name: str) -> None:
    package = importlib.import_module(name)
    listed = getattr(package, "__all__", [])
    assert len(set(listed)) == len(listed)
    missing = [entry for entry in listed if not hasattr(package, entry)]  # lazy names included
    assert not missing, f"{name}.__all__ lists what is not there: {missing}"
    assert public(package) <= set(listed), f"public by accident: {sorted(public(package) - set(listed))}"


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_say_what_they_are(name: str) -> None:
    assert importlib.import_module(name).__doc__, f"{name} has no docstring"
