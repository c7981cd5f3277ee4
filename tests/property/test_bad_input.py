"""Whatever the text: an answer or an `ArchirError`, never anything else, and soon.

More than 20,000 texts are tried; ARCHIR_FUZZ=N makes it N times as many.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from archir.diagnostics import ArchirError, Diagnostic
from archir.diagnostics.render import render
from archir.ir.printer import print_flat
from archir.ir.verifier import verify
from archir.passes import run_pipeline
from archir.search.method import read_method
from archir.sema import load_source, parse_setting
from archir.sema.check import check_source
from archir.sema.library import library_folder, read_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.syntax import parse
from archir.syntax.errors import ITEMS
from archir.syntax.formatter import format_text
from tests.property.spaces import Writer, space_text

TIMES = int(os.environ.get("ARCHIR_FUZZ", "1"))
SOUP_TEXT = (
    "net n ( x : tensor [ 3 , 8 , 8 ] ) { } \n \n \n cell block stage method module network space "
    "relaxed use ops const candidates = choose from keep 2 1 0 99999999999 edges edge ops op any some "
    "all and or not if else for in .. |> | + - * / // % ** == != < > return require when legal as @ "
    "@n.0 %x %x.0 %image . ; : relu conv concat add linear none skip sep_conv batch_norm k stride true "
    'false 1.5 1e9 2K "text" " # # \\ $ \t é \x00 \r\n adjacent parameter gate softmax normal max len '
    "round_to"
)
SOUP = SOUP_TEXT.split(" ")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIR_LIMIT_STEPS", "20000")
    monkeypatch.setenv("ARCHIR_LIMIT_OPERATIONS", "20000")


def attempt(text: str) -> None:
    """Everything that one may do with a text; what cannot be parsed is refused in the same way by all of it."""
    source = Source("text", text)
    if not told(parse, source):
        for act in (_format, _check, _method, _use):
            told(act, source)


def told(act: Callable[..., object], *arguments: object) -> tuple[Diagnostic, ...]:
    """What is said against some input, each of it fit to be shown."""
    found = problems(act, *arguments)
    for diagnostic in found:
        assert diagnostic.message
        assert render([diagnostic])
        assert render([diagnostic], "concise")
    return found


def problems(act: Callable[..., object], *arguments: object) -> tuple[Diagnostic, ...]:
    """What is said against some input; any exception but `ArchirError` goes through."""
    try:
        act(*arguments)
    except ArchirError as error:
        return error.diagnostics
    return ()


def _format(source: Source) -> None:
    once = format_text(source)
    assert format_text(Source("again", once)) == once


def _check(source: Source) -> None:
    check_source(source, None)


def _check_file(path: Path) -> None:
    check_source(read_source(path), path.parent)


def _method(source: Source) -> None:
    read_method(source, {})


def _use(source: Source) -> None:
    module = load_source(source)
    verify(module)
    assert load_source(Source("flat", print_flat(module))) == module
    if module.form != "network":
        module = run_pipeline(module, "sample").module
    print_source(module)


def shipped() -> list[str]:
    small = load_source(Source("space", space_text(Random(1))))
    texts = [p.read_text("utf-8") for p in sorted(library_folder().rglob("*.nas")) if p.stat().st_size < 3000]
    return [*texts, print_flat(small), print_flat(run_pipeline(small, "relax").module), space_text(Random(2))]


def mutated(r: Random, text: str) -> str:
    """A text with a few characters, words or lines dropped, doubled, swapped or replaced."""
    for _ in range(r.randint(1, 4)):
        unit = r.choice(("", " ", "\n"))
        parts = list(text) if not unit else text.split(unit)
        i, j = r.randrange(len(parts) or 1), r.randrange(len(parts) or 1)
        if not parts:
            continue
        match r.randrange(5):
            case 0:
                del parts[i]
            case 1:
                parts.insert(i, parts[j])
            case 2:
                parts[i], parts[j] = parts[j], parts[i]
            case 3:
                parts[i] = r.choice(SOUP)
            case 4:
                parts[i : i + r.randint(1, 5)] = []
        text = unit.join(parts)
    return text


TRIES = {"bytes": 400, "characters": 600, "soup": 500, "nonsense": 40, "files": 24, "parts": 700, "whole": 200}
SEEDS = 8
seeds = pytest.mark.parametrize("seed", range(SEEDS))


def test_there_are_more_than_20000_tries() -> None:
    assert SEEDS * sum(TRIES.values()) + SEEDS * TRIES["soup"] > 20_000


@seeds
def test_random_bytes(seed: int, tmp_path: Path) -> None:
    r, path, refused = Random(seed), tmp_path / "bytes.nas", 0
    for _ in range(TRIES["bytes"] * TIMES):
        few = r.choice((range(256), range(128), b' \n(){}[]=|>,.@%#"0129abcdefnt'))
        path.write_bytes(bytes(r.choices(few, k=r.randint(0, 80))))
        refused += bool(told(_check_file, path))
    assert refused > TRIES["bytes"] // 2


@seeds
def test_random_characters(seed: int) -> None:
    r = Random(seed)
    for _ in range(TRIES["characters"] * TIMES):
        attempt("".join(chr(r.choice((r.randrange(128), r.randrange(0x3000)))) for _ in range(r.randint(0, 60))))


@seeds
def test_token_soup(seed: int) -> None:
    r = Random(seed)
    for _ in range(TRIES["soup"] * TIMES):
        attempt(" ".join(r.choices(SOUP, k=r.randint(1, 25))))
        attempt("net n(x: tensor[3, 8, 8]) {\n return " + " ".join(r.choices(SOUP, k=r.randint(1, 8))) + "\n}")


@seeds
def test_texts_that_mean_nothing(seed: int) -> None:
    for i in range(TRIES["nonsense"] * TIMES):
        attempt(Writer(Random(f"{seed} {i}")).file())


@seeds
def test_mutated_files(seed: int) -> None:
    r, texts = Random(seed), shipped()
    for _ in range(TRIES["files"] * TIMES):
        attempt(mutated(r, r.choice(texts)))


@seeds
def test_mutated_files_are_checked(seed: int) -> None:
    r, texts = Random(f"whole {seed}"), shipped()
    for _ in range(TRIES["whole"] * TIMES):
        told(_check, Source("text", mutated(r, r.choice(texts))))


@seeds
def test_mutated_parts_of_files(seed: int) -> None:
    """One definition of a library file, with the file's imports, small enough to try many."""
    r, whole = Random(seed), [p.read_text("utf-8") for p in sorted(library_folder().rglob("*.nas"))]
    parts = [part for text in whole for part in definitions(text)]
    assert len(parts) > 60
    for _ in range(TRIES["parts"] * TIMES):
        told(_check, Source("text", mutated(r, r.choice(parts))))


def definitions(text: str) -> list[str]:
    """Each definition of a file as a text of its own: its lines, behind the lines that import."""
    uses = "".join(line + "\n" for line in text.split("\n") if line.startswith("use "))
    starts = [m.start() for m in re.finditer(rf"^(?:{ITEMS})\b", text, re.MULTILINE)]
    found = [text[begin:end] for begin, end in pairwise([*starts, len(text)])]
    return [uses + part for part in found if not part.startswith("use ") and len(part) < 600]


@pytest.mark.parametrize("seed", range(2))
def test_settings(seed: int) -> None:
    r = Random(seed)
    for _ in range(300 * TIMES):
        found = problems(parse_setting, "name", " ".join(r.choices(SOUP, k=r.randint(1, 4))))
        assert [d.code for d in found] in ([], ["NAS205"])


TEN = ", ".join(map(str, range(1, 11)))
MANY_CANDIDATES = (
    f"candidates c = conv(k={{{TEN}}}, stride={{{TEN}}}, groups={{{TEN}}}, dilation={{{TEN}}}, out={{{TEN}}})\n"
    "net n(x: tensor[3, 8, 8]) { return choose c from x keep 1 op }"
)
GRAPH = "net @n.0(%x: tensor[3, 8, 8]) {\n return %x\n}\n"


def chain(body: str, length: int) -> str:
    """Blocks that each call the next, in the way of `body`."""
    blocks = [f"block b{i}(x) {{ return {body.format(i + 1)} }}" for i in range(length)]
    last = f"block b{length}(x) {{ return relu(x) }}"
    return "\n".join([*blocks, last, "net n(x: tensor[3, 8, 8]) { return b0(x) }"])


@pytest.mark.parametrize(
    "text",
    [
        "const a = " + "not " * 5000 + "true",
        "const a = " + "-" * 5000 + "1",
        "const a = x" + ".y" * 5000,
        "const a = " + "1 if true else " * 3000 + "2",
        "const a = " + "1 ** " * 3000 + "2",
        "block b(x) { if x { return x }" + " else if x { return x }" * 3000 + " }",
        "net n(x: tensor[3, 8, 8]) { return x" + " |> relu" * 3000 + " }",
        "net n(x: tensor[3, 8, 8]) { return " + "not " * 5000 + "x }",
        "net n(x: tensor[3, 8, 8]) { return x" + "(x)" * 3000 + " }",
        "net n(x: tensor[3, 8, 8]) { y = 1; for i in 0..100000 { y = y * 1000000007 }\n return x }",
        "net n(x: tensor[3, 8, 8]) { x[0] = x; return x[0..1000000000000] }",
        "net n(x: tensor[3, 8, 8]) { return concat(*(0..1000000000000)) }",
        "net n(x: tensor[3, 8, 8]) { return relu(max(0..1000000000000)) }",
        "net n(x: tensor[3, 8, 8]) { a, b = 0..1000000000000; return x }",
        MANY_CANDIDATES,
        chain("b{0}(b{0}(x))", 60),
        chain("relu(b{0}(x))", 900),
        "module n network {\n" + GRAPH * 2 + "parameter %a = normal(" + "-" * 3000 + "1, [1])\n}",
        "method m() { " + "if true { " * 90 + "relax() " + "}" * 91,
        "method m() { for i in 0..100000000 { relax() } }",
        "(" * 200, "{" * 90, '"' * 99, "#" * 100000, "\n" * 50000, "\ufeffnet", "\x00", "use " + "a." * 3000 + "a",
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_deep_and_long_texts(text: str) -> None:
    attempt(text)
