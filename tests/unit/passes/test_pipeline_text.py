"""The text of pipelines: what is read from it, and what is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archir.diagnostics import ArchirError
from archir.diagnostics.render import render
from archir.passes import read_pipeline, spec
from tests.example_passes import REGISTRY, SPACE, Rename, faults, run

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
