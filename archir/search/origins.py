"""Origins of modules as JSON: the texts, the net and its parameters."""

from __future__ import annotations

from typing import Any

from archir.ir.origin import Origin, Setting
from archir.source import Source


def origin_to_json(origin: Origin) -> dict[str, Any]:
    """A JSON value that `origin_from_json` reads back."""
    return {
        "source": _source_to_json(origin.source),
        "library": [[name, _source_to_json(source)] for name, source in origin.library],
        "net": origin.net,
        "settings": [[name, value] for name, value in origin.settings],
    }


def origin_from_json(value: dict[str, Any]) -> Origin:
    """The origin; raises KeyError, TypeError or ValueError if `value` is not one."""
    return Origin(
        _source_from_json(value["source"]),
        tuple((str(name), _source_from_json(source)) for name, source in value["library"]),
        str(value["net"]),
        tuple((str(name), setting_from_json(setting)) for name, setting in value["settings"]),
    )


def setting_from_json(value: Any) -> Setting:
    """A setting: lists become tuples. Raises TypeError for anything else that is none."""
    if isinstance(value, list):
        return tuple(setting_from_json(v) for v in value)
    if isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{value!r} is no setting")


def _source_to_json(source: Source) -> dict[str, str]:
    return {"name": source.name, "text": source.text}


def _source_from_json(value: dict[str, Any]) -> Source:
    return Source(str(value["name"]), str(value["text"]))
