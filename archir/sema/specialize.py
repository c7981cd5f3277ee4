"""A network's source form: the space's text with its choices replaced by what is kept.

    for i in 2..4 { x[i] = choose ops from x[0..i] keep 2 edges }
        -->  x[2] = sep_conv(x[0], k=3) + skip(x[1])
             x[3] = ...

Parameters stay parameters; only loops around choices (and around tagged calls that
lead to choices) are written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import Factory, define, evolve, field

from archir.diagnostics import fail
from archir.ir.module import Module, is_restricted, join
from archir.ir.origin import Origin, Setting
from archir.ir.point import Point
from archir.ir.stages import Stages, with_stage_tags
from archir.sema.affected import Affected, holds_choices
from archir.sema.by_stage import by_stage
from archir.sema.kept_text import KeptText, Place
from archir.sema.library import FileScope, Library
from archir.sema.load import pick_net, reload
from archir.sema.named_files import with_named_files
from archir.sema.names import assigned_names, descendants, resolve
from archir.sema.owners import Owners, by_owner
from archir.sema.settings import with_defaults
from archir.sema.terms import constants
from archir.sema.unneeded import without_unneeded
from archir.sema.unneeded_items import called, callees, never_run
from archir.sema.values import CandidatesValue, DefinitionValue, Value
from archir.sema.write_out import Body
from archir.source import Span
from archir.syntax import ast
from archir.syntax.comments import Comments
from archir.syntax.fold import map_children
from archir.syntax.formatter import format_file


def print_source(module: Module) -> str:
    """The module's text in source form; for a network found in a space, its choices replaced.

    The net's parameters default to what the module has. Raises `ArchirError` NAS402 for a
    relaxed module, one without a source, a space that passes have changed, or one with a file that only its path
    names (what the flat form is for).
    """
    origin = module.origin
    unwritten = (
        origin is not None
        and module.form == "space"
        and (origin.stage_cells or origin.point is not None or is_restricted(module.graph))
    )
    if origin is None or module.form == "relaxed" or unwritten:
        fail("NAS402", f"`{module.name}` has no source form", help="print it in the flat form")
    library = Library(dict(origin.library))
    scope = library.link(origin.source, None)
    net = pick_net(scope, library, origin.net)
    settings = with_named_files(scope, library, None, dict(origin.settings))
    if origin.point is None:
        brought: list[ast.Item] = [_use(library, name, net.definition.span) for name in scope.given]
        items = (*brought, *(with_defaults(i, settings) if i is net.definition else i for i in scope.file.items))
        return format_file(ast.File(origin.source, items), Comments.of(origin.source))
    space = reload(evolve(origin, point=None)).graph
    space, stages = with_stage_tags(space) if origin.stage_cells else (space, {})
    owners = by_owner(space, net.definition.span)
    scopes = {**library.scopes, "": scope}
    return format_file(_Specializer(origin, scopes, origin.point, owners, stages).run(net, settings))


def _use(library: Library, name: str, span: Span) -> ast.Use:
    """The `use` of a file that settings named."""
    path = library.texts[name].name
    if Path(path).stem != name:
        help_ = "print it in the flat form, or put that file beside the net's and name it without its path"
        fail("NAS402", f"a text cannot name the file `{path}`", help=help_)
    return ast.Use((name,), None, span=span)


@define
class _Specializer:
    """Writes the new file, definition by definition, as they are named."""

    origin: Origin
    scopes: dict[str, FileScope]
    point: Point
    owners: Owners
    stages: Stages
    done: dict[tuple[int, str | None], str] = Factory(dict)
    items: list[ast.Item] = Factory(list)
    undecided: set[str] = Factory(set)
    """Definitions that hold choices of which the point says nothing."""
    uses: dict[str, tuple[str, ...]] = Factory(dict)
    _body: Body = field(init=False)

    def __attrs_post_init__(self) -> None:
        def show(e: Any, env: Mapping[str, ast.Expr], place: Place) -> Any:
            return self._body.expression(e, dict(env), place)

        def refer(e: Any, scope: FileScope) -> ast.Expr:
            return self.reference(e, Place("", scope, frozenset()))

        kept = KeptText(self.point, self.owners.choices, self.scopes, show, refer)
        self._body = Body(self, Affected(self.scopes, self.owners.given), kept)

    def run(self, net: DefinitionValue, settings: Mapping[str, Setting]) -> ast.File:
        """The whole file."""
        self.definition(net, None, settings)
        uses = tuple(
            ast.Use(path, None if alias == path[-1] else alias, span=net.definition.span)
            for alias, path in sorted(self.uses.items())
        )
        return ast.File(self.origin.source, (*uses, *called(self._settled())))

    # definitions
    def definition(self, value: DefinitionValue, tag: str | None, settings: Mapping[str, Setting] | None = None) -> str:
        """Writes a definition once for each tag; gives its name in the new file."""
        key = (id(value.definition), tag)
        if key in self.done:
            return self.done[key]
        name = self.done[key] = self._new_name(value, tag)
        stages = self.stages.get((value.graph_name, tag))
        if stages is not None:
            own = {reduction: self.definition(value, t) for reduction, t in stages.by_reduction.items()}
            self.items.append(evolve(by_stage(value.definition, stages.inputs, own), name=name))
            return name
        item = with_defaults(value.definition, settings or {})
        place = self._place(value, tag)
        params = tuple(self._param(p, evolve(place, local=frozenset()), place) for p in item.params)
        if settings is not None:
            place.known = {p.name: p.default for p in params if p.default is not None}
        place.undecided = holds_choices(item.body) and not self.owners.decided(place.owner, self.point)
        if place.undecided:
            self.undecided.add(name)
            body = self._body.expression(item.body, {}, place)
        else:
            body = self._body.block(item.body, {}, place)
            body = evolve(body, statements=without_unneeded(body.statements, place.by_windows, place.by_edges))
        # A net that the net calls becomes a stage: alone, with its defaults, it may hold choices without a point.
        # The size of its input goes: a net takes what it is given, a stage only what it says.
        kind = item.kind
        if kind == "net" and settings is None:
            kind, params = "stage", tuple(map(unsized, params))
        self.items.append(evolve(item, kind=kind, name=name, params=params, body=body))
        return name

    def _new_name(self, value: DefinitionValue | CandidatesValue, tag: str | None = None) -> str:
        """A name that nothing in the new file has yet."""
        name = value.name if tag is None else f"{value.name}_{tag}"
        if name in self.done.values():
            name = f"{(value.scope.prefix or 'own').replace('.', '_')}_{name}"
        return name

    def _place(self, value: DefinitionValue, tag: str | None) -> Place:
        item = value.definition
        owner = value.graph_name if tag is None else join(value.graph_name, tag)
        local = frozenset({p.name for p in item.params} | set(assigned_names(item.body)))
        known, named = self.owners.arguments.get(owner, {}), self.owners.named.get(owner, {})
        windows = any(isinstance(node, ast.Adjacent) for node in descendants(item.body))
        return Place(owner, value.scope, local, known, named, windows=windows)

    def _param(self, p: ast.Param, outside: Place, inside: Place) -> ast.Param:
        """A parameter; its default is read outside of the definition, the size of a tensor inside."""
        if p.default is not None:
            p = evolve(p, default=self._body.expression(p.default, {}, outside))
        if isinstance(p.type, ast.Index):
            sizes = tuple(self._body.expression(i, {}, inside) for i in p.type.indexes)
            p = evolve(p, type=evolve(p.type, indexes=sizes))
        return p

    def _settled(self) -> list[ast.Item]:
        """All items; of those without a point, what is handed on and no more has no body that could run.

        What is called (and leaves nothing behind) or perhaps asked for its width stays as it was, with its choices.
        """
        if self._body.asks_width:
            return self.items
        idle = self.undecided - callees(self.items)
        return [never_run(i) if isinstance(i, ast.Definition) and i.name in idle else i for i in self.items]

    def only_tagged(self, value: Value) -> str | None:
        tag = self.owners.only_tag(value.graph_name) if self._body.affected(value) else None
        return None if tag is None else self.definition(value, tag)

    # names
    def reference(self, e: ast.Name | ast.Attribute, place: Place) -> ast.Expr:
        if isinstance(e, ast.Name) and e.text in place.local:
            return e
        value = resolve(place.scope, e)
        if isinstance(value, ast.Constant):
            home = resolve(place.scope, e.base).scope if isinstance(e, ast.Attribute) else place.scope
            return constants(home)[value.name]
        if not isinstance(value, DefinitionValue | CandidatesValue):
            return e
        if isinstance(value, CandidatesValue) and self._own_text(value):
            return ast.Name(self._candidates(value), span=e.span)
        if isinstance(value, DefinitionValue) and (self._body.affected(value) or self._own_text(value)):
            return ast.Name(self.definition(value, None), span=e.span)
        path = tuple(value.scope.prefix.split("."))
        self.uses.setdefault(path[-1], path)
        return e if isinstance(e, ast.Name) else evolve(e, base=ast.Name(path[-1], span=e.span))

    def _own_text(self, value: DefinitionValue | CandidatesValue) -> bool:
        """Whether the new text holds a definition itself: those of the net's file, and of files that settings name."""
        main = self.scopes[""]
        return value.scope is main or value.scope.prefix in main.given

    def _candidates(self, value: CandidatesValue) -> str:
        """Writes a candidate set that the network still hands on; gives its name."""
        key = (id(value.candidates), None)
        if key not in self.done:
            item = value.candidates
            name = self.done[key] = self._new_name(value)
            place = Place("", value.scope, frozenset(p.name for p in item.params))
            written = map_children(item, lambda part: self._body.expression(part, {}, place))
            self.items.insert(0, evolve(written, name=name))
        return self.done[key]


def unsized(p: ast.Param) -> ast.Param:
    """The parameter without the size of its tensor."""
    return evolve(p, type=p.type.base) if isinstance(p.type, ast.Index) else p
