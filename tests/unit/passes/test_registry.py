"""Which passes there are, and what they say of themselves; those of other distributions."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from archir.diagnostics import ArchirError
from archir.passes import Entry, Registry, default_registry, describe_pass, describe_passes, run_pipeline
from tests.example_passes import REGISTRY, SPACE, Loosen, Tighten


def test_passes_describe_themselves() -> None:
    loosen, _, rename, *_ = describe_passes(REGISTRY)
    assert loosen.documentation == "Puts a gate on every choice.\n\nMore about it."
    assert (loosen.takes, loosen.gives, loosen.needs_values) == (("space",), "relaxed", False)
    assert [(o.name, o.type, o.default, o.help) for o in loosen.options] == [
        ("deviation", "a number", "0.001", "noise at the start"),
        ("gate", "one of softmax, hardmax", "softmax", "what is put on a choice"),
    ]
    assert [(o.name, o.default) for o in rename.options][:3] == [("to", None), ("sizes", "()"), ("pair", "(0.5, 1.0)")]


def test_a_name_belongs_to_one_pass() -> None:
    with pytest.raises(ArchirError) as caught:
        REGISTRY.with_passes(Loosen, distribution="other")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "NAS401"
    assert diagnostic.message.startswith("two passes are called `loosen`: ")
    assert "other" in diagnostic.help


def test_plug_ins_that_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = ModuleType("odd_plug_in")
    odd.other = Tighten
    monkeypatch.setitem(sys.modules, "odd_plug_in", odd)
    registry = Registry().extended(
        [
            ("missing", Entry("no_such_plug_in:Pass", "gone")),
            ("renamed", Entry("odd_plug_in:Nothing", "odd")),
            ("other", Entry("odd_plug_in:other", "odd")),
        ]
    )
    for name, part in (
        ("missing", "cannot be loaded: No module named"),
        ("renamed", "cannot be loaded"),
        ("other", "is no pass"),
    ):
        with pytest.raises(ArchirError, match=part):
            registry.find(name)


def test_an_installed_plug_in_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plug_in_of_a_test.py").write_text(
        "from archir.passes import Pass, Rewrite\n"
        "from attrs import frozen\n"
        "@frozen\n"
        "class Stay(Pass):\n"
        "    '''Does nothing.'''\n"
        "    name = 'stay'\n    summary = 'nothing happens'\n    takes = ('space',)\n"
        "    def run(self, module, values):\n        return Rewrite(module)\n"
    )
    info = tmp_path / "plug_in_of_a_test-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in-of-a-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[archir.passes]\nstay = plug_in_of_a_test:Stay\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    default_registry.cache_clear()
    try:
        assert run_pipeline(SPACE, "stay").module.history == ("stay",)
        assert describe_pass("stay").distribution == "plug-in-of-a-test"
        (info / "entry_points.txt").write_text("[archir.passes]\nrelax = plug_in_of_a_test:Stay\n")
        default_registry.cache_clear()
        with pytest.raises(ArchirError, match="two passes are called `relax`"):
            default_registry()
    finally:
        default_registry.cache_clear()


def test_archirs_own_passes_load() -> None:
    own = [d for d in describe_passes() if d.distribution == "archir"]
    assert [d.name for d in own] == [
        "relax", "stage_cells", "widen", "restrict", "partition", "vital", "propose", "share_features", "bottleneck",
        "sparsify", "mask", "depth_loss", "complexity_loss", "transit", "derive", "decide", "restart", "fix", "sample",
        "inline", "canonicalize", "cse", "dce", "fold_bn",
    ]  # fmt: skip
    assert all(d.documentation and d.summary and not d.summary.endswith(".") for d in own)
