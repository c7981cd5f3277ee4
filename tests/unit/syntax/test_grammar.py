"""The grammar has no conflicts, and tokens that overlap are meant to."""

from __future__ import annotations

import pytest

from archir.diagnostics import ArchirError
from archir.source import Source
from archir.syntax import ast, parse
from archir.syntax.tables import from_grammar


def parsed(text: str) -> ast.Expr:
    (item,) = parse(Source("text", f"const a = {text}\n")).items
    assert isinstance(item, ast.Constant)
    return item.value


def test_no_conflict_is_resolved_silently() -> None:
    from_grammar(strict=True)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("-a ** b", "-(a ** b)"),
        ("a ** b ** c", "a ** (b ** c)"),
        ("not a == b and c or d", "((not (a == b)) and c) or d"),
        ("a if b else c if d else e", "a if b else (c if d else e)"),
        ("0..n + 1", "0..(n + 1)"),
        ("a |> f(b) |> g", "(a |> f(b)) |> g"),
        ("a.b[c](d)@1(e)", "(((a.b)[c])(d)@1)(e)"),
        ("x\n  |> f\n  |> g", "x |> f |> g"),
        ("f(\n  a,\n  b,\n)", "f(a, b)"),
        ("a +\n  b", "a + b"),
        ("2K", "2000"),
        ("1.5M", "1500000"),
    ],
)
def test_what_binds_tighter(text: str, same: str) -> None:
    left, right = parsed(text), parsed(same)
    flat = (ast.Arithmetic, ast.Pipe)
    if isinstance(left, flat) and isinstance(right, flat) and left != right:  # sums and pipes are kept as lists
        from archir.syntax.expression_text import expression_text

        assert expression_text(left) == text
        assert expression_text(right) == same
    else:
        assert left == right


def test_words_of_the_language_may_start_names() -> None:
    (net,) = parse(Source("text", "net keeper(choose_me, fromage, use_it, android) { return inner }\n")).items
    assert isinstance(net, ast.Definition)
    assert [p.name for p in net.params] == ["choose_me", "fromage", "use_it", "android"]


def test_spans_cover_what_was_written() -> None:
    text = "net n(x) {\n  return f(x) + g(x)\n}\n"
    (net,) = parse(Source("text", text)).items
    assert isinstance(net, ast.Definition)
    (statement,) = net.body.statements
    assert isinstance(statement, ast.Return)
    span = statement.value.span
    assert (text[span.start : span.end], str(span)) == ("f(x) + g(x)", "text:2:10")


def test_one_error_for_each_broken_definition() -> None:
    text = "\n".join(f"block b{i}(x) {{ return relu(x }}" for i in range(5))
    with pytest.raises(ArchirError) as caught:
        parse(Source("text", text))
    assert [str(d.span) for d in caught.value.diagnostics] == [f"text:{i}:29" for i in range(1, 6)]


def test_limits_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "const a = " + "(" * 120 + "1" + ")" * 120 + "\n"
    with pytest.raises(ArchirError, match="nested more than 100 deep"):
        parse(Source("text", text))
    monkeypatch.setenv("ARCHIR_LIMIT_NESTING", "200")
    assert parse(Source("text", text)).items
    monkeypatch.setenv("ARCHIR_LIMIT_FILE_BYTES", "20")
    with pytest.raises(ArchirError, match="has 252 bytes; the limit is 20"):
        parse(Source("text", text))
