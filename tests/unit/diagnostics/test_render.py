"""Diagnostics as people and programs see them."""

from __future__ import annotations

import io
import json

import pytest

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.diagnostics.render import in_order, render, wants_color
from archir.source import Source, Span

TEXT = "use ops\n\tx[i] = chöose 漢字ops from x\nabc {\n  def\n\n  ghi\n  jkl\n}\nlast"
SOURCE = Source("some/space.nas", TEXT)


def at(part: str) -> Span:
    start = TEXT.index(part)
    return Span(SOURCE, start, start + len(part))


CASES = {
    "tab_and_wide": Diagnostic(
        "NAS301",
        "candidate `skip` does not fit here",
        at("ops from"),
        "needs tensor[1, 8, 8]",
        ("edge 0 of `x.2`",),
        "write `skip when legal`",
    ),
    "wide_inside": Diagnostic("NAS201", "`漢字ops` is not defined", at("漢字ops"), "two columns each"),
    "lines": Diagnostic(
        "NAS309", "`abc` returns nothing", at(TEXT[TEXT.index("abc") : TEXT.index("ghi") + 3]), "here it ends"
    ),
    "many_lines": Diagnostic(
        "NAS309", "`abc` returns nothing", at(TEXT[TEXT.index("abc") : TEXT.index("\nlast")]), "here it ends"
    ),
    "line_break": Diagnostic("NAS101", "unexpected line break", at("\nabc")),
    "end_of_file": Diagnostic(
        "NAS101", "the file ends too early", Span(SOURCE, len(TEXT), len(TEXT)), "a `}` is missing"
    ),
    "behind_the_end": Diagnostic("NAS101", "the file ends too early", Span(Source("a.nas", "x = 1\n"), 6, 99)),
    "empty_file": Diagnostic("NAS101", "the file is empty", Span(Source("a.nas", ""), 0, 0), help="define a `net`"),
    "no_place": Diagnostic(
        "NAS503", "`net.onnx` cannot be written: no space left", help="free some space\nand try again"
    ),
    "long_line": Diagnostic(
        "NAS101", "unexpected `é`", Span(Source("a.nas", "y" * 500 + "é" + "z" * 500), 500, 501), "here"
    ),
    "long_span": Diagnostic("NAS101", "too much", Span(Source("a.nas", "word " * 200), 5, 900), "all of it"),
    "hostile": Diagnostic(
        "NAS101", "unexpected `\x1b[31m`", Span(Source("a\u202e.nas", "x = \x1b[31m \udc80\r\n"), 4, 9), "\x07"
    ),
}


def test_full_form(golden) -> None:
    golden("diagnostics/full.txt", "".join(f"# {name}\n{render([d])}\n" for name, d in CASES.items()))


def test_carets_stand_under_the_span() -> None:
    line, carets = render([CASES["tab_and_wide"]]).splitlines()[3:5]
    # A wide character takes two columns, so the carets stand two further than the characters before them.
    before = line[: line.index("ops")]
    assert carets.index("^") == len(before) + 2
    assert carets.count("^") == len("ops from")


def test_concise_form_is_one_line_each_and_stands_alone() -> None:
    found = [CASES["tab_and_wide"], CASES["no_place"]]
    assert render(found, "concise").splitlines() == [
        "error[NAS503]: `net.onnx` cannot be written: no space left",
        "some/space.nas:2:18: error[NAS301]: candidate `skip` does not fit here",
        "2 errors",
    ]


def test_json_form() -> None:
    first, second = json.loads(render([CASES["many_lines"], CASES["no_place"]], "json"))
    assert first == {
        "code": "NAS503",
        "message": "`net.onnx` cannot be written: no space left",
        "file": None,
        "line": None,
        "column": None,
        "end_line": None,
        "end_column": None,
        "label": "",
        "notes": [],
        "help": "free some space\nand try again",
    }
    assert [second[k] for k in ("file", "line", "column", "end_line", "end_column")] == ["some/space.nas", 3, 1, 8, 2]
    assert json.loads(render([], "json")) == []


def test_github_form() -> None:
    assert render([CASES["tab_and_wide"]], "github") == (
        "::error title=NAS301,file=some/space.nas,line=2,col=18,endLine=2,endColumn=26"
        "::candidate `skip` does not fit here%0Aedge 0 of `x.2`%0Ahelp: write `skip when legal`\n"
    )


def test_sorted_by_place_and_each_once() -> None:
    early, late = CASES["wide_inside"], CASES["end_of_file"]
    again = Diagnostic(
        "NAS201", early.message, Span(Source("some/space.nas", TEXT), *(early.span.start, early.span.end)), early.label
    )
    assert in_order([late, early, again, CASES["no_place"]]) == (CASES["no_place"], early, late)
    many, one = render([late, early, again]), render([late])
    assert many.endswith(f"\n\n2 errors; `archir explain {early.code}` says more about the first\n")
    assert one.endswith(f"\n\n1 error; `archir explain {late.code}` says more about it\n")
    assert "explain" not in render([late], "concise") + render([late], "json") + render([late], "github")
    assert render([]) == render([], "concise") == ""


def test_color_only_adds_escapes() -> None:
    plain, colored = render(CASES.values()), render(CASES.values(), color=True)
    assert "\x1b" not in plain
    import click

    assert click.unstyle(colored) == plain
    assert "\x1b[31m" in colored


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_color_needs_a_terminal_and_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_color(Terminal())
    monkeypatch.delenv("NO_COLOR")
    assert wants_color(Terminal())
    assert not wants_color(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_color(Terminal())


def test_everything_can_be_encoded() -> None:
    for style in ("full", "concise"):
        render(CASES.values(), style).encode("utf-8")


def test_fail_raises_one_diagnostic() -> None:
    with pytest.raises(ArchirError) as caught:
        fail("NAS201", "`y` is not defined", span=at("abc"), label="here", help="define it")
    assert caught.value.diagnostics == (Diagnostic("NAS201", "`y` is not defined", at("abc"), "here", (), "define it"),)
    assert str(caught.value) == "NAS201: `y` is not defined"
