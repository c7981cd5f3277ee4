"""The parser, from tables that were made before: making them takes longer than all else that `archir check` does.

`archir/grammar/tables.json` holds them as plain data: nothing in it can run, as it could in lark's own cache, a pickle.
They are used if they were made from the very text of the grammar by the version of lark that is installed, and are
made anew in memory if not. `make golden` writes the file, after a change of the grammar.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from archir.syntax.newlines import DropNewlines

FILE = "tables.json"
_SHIFT = 0
"""How lark marks what goes on to another state; the rest are rules to reduce by."""
_UNBOUNDED = 2**32 - 1
"""The width of a pattern without a bound: releases of Python say this or 2 ** 64, and lark compares widths alone."""


def make_parser() -> Lark:
    """The parser of the language: from the shipped tables if they fit, else from the grammar."""
    found = shipped_tables()
    return from_tables(found) if found.get("made_from") == _made_from(_grammar()) else from_grammar()


def from_grammar(*, strict: bool = False) -> Lark:
    """The parser, made from the text of the grammar; `strict` refuses conflicts that lark would resolve by itself."""
    return Lark(_grammar(), parser="lalr", strict=strict, propagate_positions=True, postlex=DropNewlines())


def shipped_tables() -> dict[str, Any]:
    """What `tables.json` holds, or nothing."""
    path = files("archir.grammar").joinpath(FILE)
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    return found


def make_tables() -> dict[str, Any]:
    """What `tables.json` must hold: the parser of the grammar as values of JSON."""
    data, memo = from_grammar().memo_serialize([TerminalDef, Rule])
    del data["options"]["postlex"]
    data["parser"]["parser"] = _in_order(data["parser"]["parser"])
    for value in memo.values():
        pattern = value.get("pattern", {})  # rules have none, and plain texts no width
        if "_width" in pattern:
            pattern["_width"] = [min(width, _UNBOUNDED) for width in pattern["_width"]]
    found: dict[str, Any] = json.loads(json.dumps({"made_from": _made_from(_grammar()), "data": data, "memo": memo}))
    return found


def _in_order(table: dict[str, Any]) -> dict[str, Any]:
    """The same parse table, numbered by its contents: lark's numbers come from sets and differ from run to run."""
    names = sorted(table["tokens"].values())
    rows = {
        state: dict(sorted((names.index(table["tokens"][token]), action) for token, action in actions.items()))
        for state, actions in table["states"].items()
    }
    found = list(table["start_states"].values())
    for state in found:  # grows while it is read
        for kind, target in rows[state].values():
            if kind == _SHIFT and target not in found:
                found.append(target)
    number = {state: i for i, state in enumerate(found)}

    def renumbered(action: tuple[int, Any]) -> tuple[int, Any]:
        return (_SHIFT, number[action[1]]) if action[0] == _SHIFT else action

    return {
        "tokens": dict(enumerate(names)),
        "states": {i: {t: renumbered(a) for t, a in rows[state].items()} for i, state in enumerate(found)},
        "start_states": {start: number[state] for start, state in table["start_states"].items()},
        "end_states": {start: number[state] for start, state in table["end_states"].items()},
    }


def from_tables(found: dict[str, Any]) -> Lark:
    """The parser that tables were made of."""
    data = found["data"]
    frontend = data["parser"]
    table = frontend["parser"] | {"states": _numbered(frontend["parser"]["states"])}
    options = data["options"] | {"postlex": DropNewlines()}
    return Lark.load(
        {"data": data | {"options": options, "parser": frontend | {"parser": table}}, "memo": _numbered(found["memo"])}
    )


def _numbered(rows: dict[str, Any]) -> dict[int, Any]:
    """JSON writes numbers that are keys as texts."""
    return {int(key): row for key, row in rows.items()}


def _grammar() -> str:
    return files("archir.grammar").joinpath("nas.lark").read_text("utf-8")


def _made_from(text: str) -> dict[str, str]:
    return {"grammar": hashlib.sha256(text.encode()).hexdigest(), "lark": lark.__version__}
