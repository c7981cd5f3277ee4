"""Which definitions of a text a point changes: the others stay where they are."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, define

from archir.ir.origin import NamedDefinition
from archir.sema.library import FileScope
from archir.sema.names import descendants, resolve
from archir.sema.values import DefinitionValue, Value
from archir.syntax import ast


def holds_choices(node: ast.Node) -> bool:
    """Whether a `choose` is written somewhere inside."""
    return any(isinstance(n, ast.Choose | ast.Adjacent) for n in descendants(node))


@define
class Affected:
    """Answers for one space. `given` are the definitions and candidates that each owner of choices was given."""

    scopes: Mapping[str, FileScope]
    given: Mapping[str, set[NamedDefinition]]
    _known: dict[int, bool] = Factory(dict)

    def __call__(self, value: Value) -> bool:
        """Whether a definition holds choices, leads by name to one that does, or tags one that it is given."""
        if not isinstance(value, DefinitionValue):
            return False
        key = id(value.definition)
        if key not in self._known:
            self._known[key] = False  # a circle is an error elsewhere
            self._known[key] = (
                holds_choices(value.definition)
                or any(self(resolve(value.scope, n)) for n in descendants(value.definition))
                or self._tags_what_it_is_given(value)
            )
        return self._known[key]

    def by_argument(self, owner: str) -> bool:
        """Whether any instance of an owner was given a definition that a point changes."""
        found = (self.scopes[named.file].own.get(named.name) for named in self.given.get(owner, ()))
        return any(map(self, found))

    def _tags_what_it_is_given(self, value: DefinitionValue) -> bool:
        params = {p.name for p in value.definition.params}
        tags = any(
            isinstance(n, ast.Own) and isinstance(n.base, ast.Name) and n.base.text in params
            for n in descendants(value.definition)
        )
        return tags and any(self.by_argument(owner) for owner in self.given if value.owns(owner))
