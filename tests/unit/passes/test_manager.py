"""Pipelines: what is read from their text, and what is checked around each pass."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Literal

import numpy as np
import pytest
from attrs import evolve, field, frozen, validators
from hypothesis import given
from hypothesis import strategies as st

from archir.diagnostics import ArchirError
from archir.diagnostics.render import render
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Candidate, Choice, Edge, Graph, Keep, Operation, Value
from archir.ir.module import ArchitectureParameter, Form, GateOf, Module
from archir.ir.types import TensorType
from archir.ops.pointwise import Relu, Sigmoid
from archir.passes import (
    Entry,
    Pass,
    Registry,
    Rewrite,
    Step,
    Values,
    compose,
    default_registry,
    describe_pass,
    describe_passes,
    former_path,
    option,
    read_pipeline,
    run_pipeline,
    spec,
)

T = TensorType((4, 8, 8))


def net(*nodes, output: str = "y") -> Graph:
    return Graph("tiny", "net", (Value("image", T),), nodes, output, T)


def activation(name: str, cls: type, source: str = "image") -> Operation:
    return Operation(name, cls(), (source,), T)


skip = Graph("skip", "block", (Value("x", T),), (), "x", T)
relu = Graph("relu", "block", (Value("x", T),), (activation("relu", Relu, "x"),), "relu", T)
CHOICE = Choice("y", (Edge("image", (Candidate("skip", skip), Candidate("relu", relu))),), Keep(None), T)
SPACE = Module("tiny", "space", net(CHOICE))
NETWORK = Module("tiny", "network", net(activation("y", Relu)))


@frozen
class Loosen(Pass):
    """Puts a gate on every choice.

    More about it.
    """

    name: ClassVar[str] = "loosen"
    summary: ClassVar[str] = "choices get gates"
    takes: ClassVar[tuple[Form, ...]] = ("space",)
    gives: ClassVar[Form | None] = "relaxed"
    deviation: float = option(1e-3, "noise at the start", validator=validators.ge(0))
    gate: Literal["softmax", "hardmax"] = option("softmax", "what is put on a choice")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        parameter = ArchitectureParameter("arch.tiny.y.alpha", (1, 2), self.deviation)
        gate = GateOf("y", Apply(self.gate, (Parameter(parameter.name),)))
        return Rewrite(evolve(module, form="relaxed", parameters=(parameter,), gates=(gate,)))


@frozen
class Tighten(Pass):
    """Keeps the relu where its value is larger."""

    name: ClassVar[str] = "tighten"
    summary: ClassVar[str] = "the larger value stays"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)
    gives: ClassVar[Form | None] = "network"
    needs_values: ClassVar[bool] = True

    def run(self, module: Module, values: Values | None) -> Rewrite:
        assert values is not None
        kept = Relu if values["arch.tiny.y.alpha"].argmax() else Sigmoid
        graph = net(activation("y", kept))
        return Rewrite(Module(module.name, "network", graph), {"y.relu": "y.0.relu.relu"})


@frozen
class Rename(Pass):
    """Calls the node `y` by another name, and shows every type of option."""

    name: ClassVar[str] = "rename"
    summary: ClassVar[str] = "a node is renamed"
    takes: ClassVar[tuple[Form, ...]] = ("space", "network")
    to: str
    sizes: tuple[int, ...] = ()
    pair: tuple[float, float] = (0.5, 1.0)
    limit: int | None = 3
    flag: bool = False
    words: tuple[str, ...] = field(factory=tuple)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        nodes = tuple(evolve(node, name=self.to) for node in module.graph.nodes)
        return Rewrite(evolve(module, graph=net(*nodes, output=self.to)), {self.to: module.graph.output})


@frozen
class Break(Rename):
    """Returns a value that is not there."""

    name: ClassVar[str] = "break"
    to: str = "z"

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(evolve(module, graph=net(*module.graph.nodes, output=self.to)))


@frozen
class Lie(Rename):
    """Promises a network and gives a space."""

    name: ClassVar[str] = "lie"
    gives: ClassVar[Form | None] = "network"
    to: str = "z"

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(module)


REGISTRY = Registry().with_passes(Loosen, Tighten, Rename, Break, Lie)
VALUES = {"arch.tiny.y.alpha": np.array([[0.0, 1.0]])}


def run(
    module: Module, text: str, values: Values | None = None, observer: Callable[[Step], None] | None = None
) -> Rewrite:
    return run_pipeline(module, text, values, observer=observer, registry=REGISTRY)


def faults(text: str, module: Module = SPACE, values: Values | None = None) -> list[str]:
    with pytest.raises(ArchirError) as caught:
        run(module, text, values)
    assert all(d.help for d in caught.value.diagnostics)
    return [f"{d.code} {d.message}" for d in caught.value.diagnostics]


def test_passes_run_in_turn_and_leave_their_history() -> None:
    module = run(evolve(SPACE, history=("before",)), "loosen{deviation=0},tighten", VALUES).module
    assert module == Module("tiny", "network", net(activation("y", Relu)))
    assert module.history == ("before", "loosen{deviation=0.0}", "tighten")


def test_a_blank_pipeline_changes_nothing() -> None:
    assert run(SPACE, " \n") == Rewrite(SPACE)


def test_history_reads_back_as_the_same_pipeline() -> None:
    text = 'rename{to=a, sizes=(1, 2), pair=[1, 2.5], limit=none, flag=true, words=("none",)},loosen{deviation=5e-3}'
    history = run(SPACE, text.replace("loosen", "rename{to=y},loosen")).module.history
    assert history == (
        'rename{to=a,sizes=(1, 2),pair=(1.0, 2.5),limit=none,flag=true,words=("none",)}',
        "rename{to=y}",
        "loosen{deviation=0.005}",
    )
    again = run(SPACE, ",".join(history)).module
    assert again.history == history


def test_weight_maps_are_composed() -> None:
    assert run(NETWORK, "rename{to=a},rename{to=b.c},rename{to=d}").weights == {"a": "y", "b.c": "y", "d": "y"}
    weights = run(SPACE, "loosen,tighten", VALUES).weights
    assert weights == {"y.relu": "y.0.relu.relu"}


def test_former_path_follows_the_longest_prefix() -> None:
    weights = {"a": "p", "a.b": "q.r"}
    assert [former_path(weights, path) for path in ("a", "a.b", "a.b.weight", "a.bc", "ab", "z.a")] == [
        "p", "q.r", "q.r.weight", "p.bc", "ab", "z.a",
    ]  # fmt: skip


PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(".".join)
MAPS = st.dictionaries(PATHS, PATHS, max_size=4)


@given(later=MAPS, earlier=MAPS, path=PATHS)
def test_composed_maps_follow_both(later: dict[str, str], earlier: dict[str, str], path: str) -> None:
    assert former_path(compose(later, earlier), path) == former_path(earlier, former_path(later, path))


def test_the_observer_is_told_of_each_pass() -> None:
    steps: list[Step] = []
    run(SPACE, "rename{to=y},loosen,tighten", VALUES, observer=steps.append)
    assert [(s.index, s.applied.name, s.before.form, s.after.form) for s in steps] == [
        (0, "rename", "space", "space"),
        (1, "loosen", "space", "relaxed"),
        (2, "tighten", "relaxed", "network"),
    ]
    assert all(s.seconds > 0 for s in steps)
    assert steps[0].after is steps[1].before


def test_a_pass_that_does_not_take_the_form() -> None:
    assert faults("tighten") == ["NAS402 the pass `tighten` takes a relaxed module, and this module is a space"]
    with pytest.raises(ArchirError) as caught:
        run(SPACE, "rename{to=y}, tighten")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help == "run `loosen` before it: `loosen,tighten`"
    assert diagnostic.span is not None
    assert (diagnostic.span.start, diagnostic.span.end) == (14, 21)
    with pytest.raises(ArchirError) as caught:
        run(NETWORK, "loosen")
    assert caught.value.diagnostics[0].help == "start from a space"


def test_values_are_checked() -> None:
    assert faults("loosen,tighten") == ["NAS403 the pass `tighten` needs learned values of the architecture parameters"]
    assert faults("loosen,tighten", values={}) == [
        "NAS403 there is no value for the architecture parameter `arch.tiny.y.alpha`"
    ]
    assert faults("loosen,tighten", values={"arch.tiny.y.alpha": np.zeros((2, 2))}) == [
        "NAS403 the value of `arch.tiny.y.alpha` has the shape (2, 2), not (1, 2)"
    ]


def test_a_pass_that_breaks_the_module_is_named() -> None:
    with pytest.raises(ArchirError) as caught:
        run(SPACE, "break")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("NAS405", "`tiny` returns `z`, which it does not compute")
    assert diagnostic.notes[-1] == "found after the pass `break`"
    assert faults("lie") == ["NAS405 the pass `lie` promises a network and gave a space"]


def test_a_broken_module_is_found_before_the_first_pass() -> None:
    assert faults("loosen", module=evolve(SPACE, graph=net(CHOICE, output="q"))) == [
        "NAS405 `tiny` returns `q`, which it does not compute"
    ]


BAD = (
    ("lossen", "there is no pass `lossen`"),
    ("xyzzy", "there is no pass `xyzzy`"),
    ("loosen{deviaton=1}", "the pass `loosen` has no option `deviaton`"),
    ("loosen{deviation=no}", "the option `deviation` of `loosen` takes a number, found `no`"),
    ('loosen{deviation="1"}', 'the option `deviation` of `loosen` takes a number, found `"1"`'),
    ("loosen{deviation=true}", "the option `deviation` of `loosen` takes a number, found `true`"),
    ("loosen{gate=sharp}", "the option `gate` of `loosen` takes one of softmax, hardmax, found `sharp`"),
    ("rename{to=a,sizes=3}", "the option `sizes` of `rename` takes a list: each an integer, found `3`"),
    ("rename{to=a,sizes=(1, 2.5)}", "the option `sizes` of `rename` takes a list: each an integer, found `(1, 2.5)`"),
    ("rename{to=a,pair=(1,)}", "the option `pair` of `rename` takes (a number, a number), found `(1,)`"),
    ("rename{to=a,limit=x}", "the option `limit` of `rename` takes an integer or `none`, found `x`"),
    ("rename{to=a,flag=1}", "the option `flag` of `rename` takes `true` or `false`, found `1`"),
    ("rename{to=a,words=abc}", "the option `words` of `rename` takes a list: each a name or a string, found `abc`"),
    ("rename", "the pass `rename` needs the option `to`"),
    ("rename{to=a,to=b}", "the option `to` of `rename` is given twice"),
    ("loosen,", "expected the name of a pass, found the end"),
    (",loosen", "expected the name of a pass, found `,`"),
    ("loosen tighten", "expected `,` or `{` or the end, found `tighten`"),
    ("loosen{", "expected the name of an option, found the end"),
    ("loosen{deviation}", "expected `=` and a value for `deviation`, found `}`"),
    ("loosen{deviation=}", "expected a value, found `}`"),
    ("loosen{deviation=1 gate=x}", "expected `,` or `}`, found `gate`"),
    ("loosen{deviation=(1, 2}", "expected `,` or `)`, found `}`"),
    ("loosen; tighten", "unexpected `;`"),
    ('rename{to="a}', "this string has no end"),
    (r'rename{to="a\q"}', "this string has a wrong escape"),
    ("rename{to=" + "(" * 30 + "}", "lists are nested more than 20 deep"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_text(text: str, message: str) -> None:
    assert faults(text) == [f"NAS401 {message}"]


def test_bad_text_in_full(golden) -> None:
    shown = []
    for text in (
        "lossen",
        "loosen{deviaton=1},rename{to=a, limit=x, flag=1},tigten",
        "loosen{deviation=-1}",
        "loosen{",
    ):
        with pytest.raises(ArchirError) as caught:
            run(SPACE, text)
        shown.append(f"# {text}\n{render(caught.value.diagnostics)}")
    golden("passes/pipeline_errors.txt", "\n".join(shown))


OPTIONS = st.fixed_dictionaries(
    {"to": st.text(max_size=6) | st.sampled_from(["none", "true", "a.b", "1", "a b", '"', "\U0001f600"])},
    optional={
        "sizes": st.lists(st.integers(), max_size=3).map(tuple),
        "pair": st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2),
        "limit": st.none() | st.integers(),
        "flag": st.booleans(),
        "words": st.lists(st.text(max_size=3) | st.just("none"), max_size=3).map(tuple),
    },
)


@given(OPTIONS)
def test_the_text_of_a_pass_reads_back_as_the_pass(options: dict) -> None:
    written = Rename(**options)
    ((read, span),) = read_pipeline(spec(written), REGISTRY)
    assert read == written
    assert str(span) == "<pipeline>:1:1"


@given(st.text(alphabet='ab,{}()[]=" 1.-e\\\n', max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_pipeline(text, REGISTRY)
    except ArchirError as error:
        codes = {d.code for d in error.diagnostics}
        shown = render(error.diagnostics)
    else:
        return
    assert codes == {"NAS401"}
    assert "^" in shown


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
        "relax", "widen", "share_features", "bottleneck", "sparsify", "mask", "transit", "derive", "fix", "sample",
        "inline", "canonicalize", "cse", "dce", "fold_bn",
    ]  # fmt: skip
    assert all(d.documentation and d.summary and not d.summary.endswith(".") for d in own)
