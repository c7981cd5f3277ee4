"""The shipped tables are those of the grammar; others are not used."""

from __future__ import annotations

import json

import lark
import pytest

from archir.syntax import tables
from tests.conftest import ROOT, Golden


def test_the_shipped_tables_are_those_of_the_grammar(golden: Golden, pytestconfig: pytest.Config) -> None:
    made, shipped = tables.make_tables(), tables.shipped_tables()
    if pytestconfig.getoption("--golden-update"):
        golden("../../grammar/tables.json", json.dumps(made, separators=(",", ":")) + "\n")
        return
    made_from = shipped["made_from"]
    if made_from["grammar"] == made["made_from"]["grammar"] and made_from["lark"] != lark.__version__:
        pytest.skip(f"made by lark {made_from['lark']}; lark {lark.__version__} makes its own in memory")
    if shipped != made:  # no assertion: the difference would be shown at length, and says nothing
        pytest.fail("grammar/tables.json was not made from this grammar: `make golden` writes it anew")


@pytest.mark.parametrize("changed", [{}, {"made_from": {}}, {"made_from": {"grammar": "", "lark": lark.__version__}}])
def test_tables_of_another_grammar_are_not_used(changed: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tables.shipped_tables()
    monkeypatch.setattr(tables, "shipped_tables", lambda: changed and shipped | changed)
    monkeypatch.setattr(tables, "from_tables", lambda _: pytest.fail("used"))
    assert tables.make_parser().parse("const a = 1\n").children


def test_both_ways_give_the_same_parser() -> None:
    text = (ROOT / "spaces" / "darts.nas").read_text("utf-8")
    loaded, built = tables.from_tables(tables.make_tables()), tables.from_grammar()
    assert loaded.parse(text) == built.parse(text)
    for broken in (text.replace("keep", "kept"), text.replace("{", "(", 1), text + "net"):
        found = []
        for parser in (loaded, built):
            with pytest.raises(lark.UnexpectedToken) as caught:
                parser.parse(broken)
            found.append((caught.value.pos_in_stream, caught.value.accepts or caught.value.expected))
        assert found[0] == found[1]
