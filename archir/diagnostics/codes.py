"""Every error code with its one-line meaning. A code is never reused."""

from __future__ import annotations

CODES: dict[str, str] = {
    # 1xx: the text
    "NAS101": "the text does not follow the grammar",
    "NAS102": "the text is nested or expanded beyond a limit",
    "NAS103": "a file cannot be read",
    # 2xx: names
    "NAS201": "a name is not defined",
    "NAS202": "a name is defined twice",
    "NAS203": "an imported file is not there",
    "NAS204": "files import each other in a circle",
    "NAS205": "a parameter is not one of the net's",
    # 3xx: values, calls and types
    "NAS301": "a candidate does not fit its edge",
    "NAS302": "a call has wrong arguments",
    "NAS303": "operands do not fit a primitive",
    "NAS304": "a value has the wrong kind",
    "NAS305": "an index is out of range",
    "NAS306": "a `require` does not hold",
    "NAS307": "a choice is not well formed",
    "NAS308": "a definition calls itself",
    "NAS309": "a definition returns nothing",
    # 4xx: passes
    "NAS401": "a pass pipeline is not well formed",
    "NAS402": "a pass does not take this module",
    "NAS403": "values do not belong to the module",
    "NAS404": "a point does not belong to the module",
    "NAS405": "a module breaks an invariant",
    # 5xx: data, runs and files
    "NAS501": "a data set cannot be used",
    "NAS502": "a run folder cannot be used",
    "NAS503": "a file cannot be written",
    "NAS504": "a checkpoint cannot be used",
    "NAS505": "a method is not well formed",
    "NAS506": "data and net do not fit",
    "NAS507": "training failed",
    # 6xx: lowering
    "NAS601": "only a network can be exported",
    "NAS602": "weights do not belong to the network",
    "NAS603": "an export differs from the network",
    "NAS604": "a space cannot run",
}
