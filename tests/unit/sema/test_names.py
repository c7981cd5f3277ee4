"""Names of values, of choices and of what is shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from archir.diagnostics import ArchirError
from archir.ir.graph import Call, Choice
from archir.ir.module import Module, choice_instances, shared_choices
from archir.ir.point import Kept, Point
from archir.ir.verifier import verify
from archir.lowering.flatten import flatten
from archir.passes.fix import fixed
from archir.sema import load, load_source, reload
from archir.sema.parameters import parse_setting
from archir.sema.specialize import print_source
from archir.source import Source

CELLS = """candidates ops = relu | sigmoid
cell c(x) { return choose ops from x keep 1 op }
"""


def net(body: str, before: str = CELLS) -> Module:
    return load_source(Source("text", f"{before}net n(image: tensor[3, 8, 8]) {{\n{body}\n}}\n"))


def names(module: Module) -> list[str]:
    return [node.name for node in module.graph.nodes]


def test_a_name_for_each_statement() -> None:
    assert names(net("x = relu(image); x = relu(x); return x |> relu |> sigmoid")) == ["x", "x_1", "relu", "sigmoid"]
    assert names(net("for i in 0..2 { for k in [1, 5] { image = conv(image, k=k) } }\nreturn image")) == [
        "image.0.0", "image.0.1", "image.1.0", "image.1.1",
    ]  # fmt: skip
    assert names(net("x[3, 1] = relu(image); arch = relu(x[3, 1]); return relu(arch)")) == ["x.3.1", "arch_1", "relu"]


def test_no_name_is_a_prefix_of_another() -> None:
    module = net(
        "x = relu(image); x[0] = relu(x); x[0] = image |> relu |> relu\n"
        "y[1, 2] = relu(x[0]); y[1] = relu(y[1, 2]); return y[1]"
    )
    found = names(module)
    assert len(found) == 6
    assert not any(a != b and b.startswith(f"{a}.") for a in found for b in found)


def test_tags_separate_choices_and_share_graphs() -> None:
    module = net("a = c(image); b = c@left(a); d = c@left(b); for i in 0..2 { e[i] = c@(i)(d) }\nreturn e[0] + e[1]")
    assert list(shared_choices(module)) == ["c.choose", "c.left.choose", "c.0.choose", "c.1.choose"]
    keys = {i.path: i.key for i in choice_instances(module.graph)}
    assert keys["b.choose"] == keys["d.choose"] == "c.left.choose"
    assert len({id(n.graph) for n in module.graph.nodes if isinstance(n, Call)}) == 1


def test_candidates_are_built_once_for_each_type() -> None:
    module = net("x = choose ops from [image, image] keep 1 edge; return choose ops from [x, image] keep 1 edge")
    first, second = (n for n in module.graph.nodes if isinstance(n, Choice))
    assert first.edges[0].candidates is first.edges[1].candidates is second.edges[1].candidates


OPTIONS = """const small = 1
block twice(x, f) { return f(f(x)) }
candidates many(wide) = conv(k={small, 3 * small}, bias={true, false}) | conv(k={[1, wide]}) | twice(f={relu, sigmoid})
  | low: scale(factor={0.5, -1})
"""
OPTION_NAMES = (
    "conv_k1_bias_true", "conv_k1_bias_false", "conv_k3_bias_true", "conv_k3_bias_false", "conv_k1x7",
    "twice_f_relu", "twice_f_sigmoid", "low_factor0_5", "low_factorm1",
)  # fmt: skip


def test_names_of_options() -> None:
    module = net("return choose many(7) from image keep 1 op", OPTIONS)
    (choice,) = (n for n in module.graph.nodes if isinstance(n, Choice))
    assert tuple(c.name for c in choice.edges[0].candidates) == OPTION_NAMES
    verify(module)


@pytest.mark.parametrize("name", OPTION_NAMES)
def test_source_form_finds_a_kept_option_by_its_name(name: str) -> None:
    module = net("return choose many(7) from image keep 1 op", OPTIONS)
    kept = fixed(module, Point((("n.choose", (Kept(0, name),)),)))
    again = load_source(Source("kept.nas", print_source(kept)))
    first, second = ([step.primitive for step in flatten(m).steps] for m in (kept, again))
    assert first == second
    assert len(first) == (2 if name.startswith("twice") else 1)


def test_source_form_needs_no_constants(tmp_path: Path) -> None:
    (tmp_path / "widths.nas").write_text("const base = 4\nconst wide = base * 2\n")
    file = tmp_path / "space.nas"
    file.write_text(
        "use widths\nconst deep = wide + 1\ncandidates ops = conv(widths.wide)\n"
        "block pair(x, out = deep) { return conv(x, out) }\n"
        "net n(image: tensor[3, 8, 8], more = deep) {\n  x = choose ops from image keep 1 op\n"
        "  for i in 0..deep { x = relu(x) }\n  return x |> pair |> conv(wide) |> conv(widths.base) |> conv(more)\n}\n"
    )
    text = print_source(fixed(load(file), Point((("n.x", (Kept(0, "conv"),)),))))
    assert text == (
        "block pair(x, out = 9) { return conv(x, out) }\n\nnet n(image: tensor[3, 8, 8], more = 9) {\n"
        "  x = conv(image, 8)\n  for i in 0..9 { x = relu(x) }\n"
        "  return x |> pair |> conv(8) |> conv(4) |> conv(more)\n}\n"
    )
    assert load_source(Source("alone.nas", text)).graph.type.shape == (9, 8, 8)


def test_a_module_is_elaborated_again_from_its_texts_alone(tmp_path: Path) -> None:
    (tmp_path / "parts.nas").write_text("block part(x) { return conv(x, 4) }\n")
    file = tmp_path / "space.nas"
    file.write_text(
        "use parts\nuse ops\nnet n(image: tensor[3, 8, 8], k = 3) { return image |> part |> sep_conv(k=k) }\n"
    )
    module = load(file, k=5)
    file.write_text("broken")
    (tmp_path / "parts.nas").unlink()
    assert module.origin is not None
    assert reload(module.origin) == module
    assert reload(module.origin, k=3) != module


def test_one_name_cannot_mean_two_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for folder, out in ((tmp_path, 4), (tmp_path / "inner", 8)):
        (folder / "helper.nas").write_text(f"block help(x) {{ return conv(x, {out}) }}\n")
    (tmp_path / "inner" / "part.nas").write_text("use helper\nblock part(x) { return help(x) }\n")
    file = tmp_path / "space.nas"
    file.write_text("use helper\nuse inner.part\nnet n(image: tensor[3, 8, 8]) { return image |> help |> part.part }\n")
    with pytest.raises(ArchirError, match="`use helper` means two files"):
        load(file)


def test_a_file_is_one_file_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "helper.nas").write_text("block help(x) { return conv(x, 4) }\n")
    (tmp_path / "inner" / "helper.nas").symlink_to(tmp_path / "helper.nas")
    (tmp_path / "inner" / "part.nas").write_text("use helper\nblock part(x) { return help(x) }\n")
    file = tmp_path / "space.nas"
    file.write_text("use helper\nuse inner.part\nnet n(image: tensor[3, 8, 8]) { return image |> help |> part.part }\n")
    assert load(file).graph.type.shape == (4, 8, 8)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-3", -3), ("2.5", 2.5), ("1e-3", 0.001), ("2K", 2000), ("true", True), ("word", "word"),
        ("(1, 2)", (1, 2)), ("[1, (2, false)]", (1, (2, False))), ('"a b"', "a b"),
    ],
)  # fmt: skip
def test_settings(text: str, value: object) -> None:
    assert parse_setting("name", text) == value


@pytest.mark.parametrize("text", ["", "1 +", "f(3)", "1 + 1", "a b", "(", "x = 3"])
def test_settings_that_are_none(text: str) -> None:
    with pytest.raises(ArchirError, match="is no value"):
        parse_setting("name", text)
