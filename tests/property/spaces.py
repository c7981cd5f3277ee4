"""Random texts: small spaces that are right, and texts that only follow the grammar."""

from __future__ import annotations

from random import Random

OPERATIONS = (
    "none", "sep_conv(k=3)", "sep_conv(k={3, 5})", "dil_conv(k=5)", "max_pool_3x3", "avg_pool_3x3",
    "relu_conv_bn", "wide: relu_conv_bn(k=3)", "twice: sep_conv(k=3, 1)", "skip when legal", "relu", "named: sigmoid",
)  # fmt: skip
STRIDED = (
    "none(stride)", "skip(stride)", "sep_conv(k={3, 5}, stride)", "max_pool_3x3(stride)", "relu_conv_bn(stride=stride)",
    "pooled: avg_pool(k=3, pad=1, stride=stride)",
)  # fmt: skip
JOINS = (
    "pair(channels)", "cross(channels)", "deep(channels)", "wide: pair(channels, k=3)", "second(k={1, 2})", "mul",
    "nothing", "add",
)  # fmt: skip
CELLS_OF_TWO = """
cell pair(a, b, channels, k = 1) { return conv(a, channels, k=k) + conv(b, channels) }
cell cross(a, b, channels) { return conv(a, channels) * conv(b, channels) }
cell three(a, b, c, channels) { return concat(a, b, c) |> conv(channels) }
cell deep(a, b, channels) {
  x = choose plain from a and plain from b keep 1 edge
  return conv(x, channels, k=3) + (b |> conv(channels))
}
block second(a, b, k = 0) { return b }
block nothing(a, b) { return none(a) }
block mul(a, b) { return a * b }
"""


def space_text(r: Random) -> str:
    """A space that elaborates: candidates, cells with random edges, perhaps stages of cells, a net with parameters."""
    plain = [*r.sample(OPERATIONS[:-1], r.randint(0, 5)), OPERATIONS[-1]]
    strided = [*r.sample(STRIDED[:-1], r.randint(0, 4)), STRIDED[-1]]
    nodes = r.randint(1, 3)
    return f"""
use ops
candidates plain = {" | ".join(plain)}
candidates strided(stride = 1) = {" | ".join(strided)}
candidates joins(channels) = {" | ".join([*r.sample(JOINS[:-1], r.randint(0, 5)), JOINS[-1]])}
candidates triples(channels) = three(channels) | add
{CELLS_OF_TWO}
{_stage(r, "row")}
{_stage(r, "chain")}
cell normal(prev2, prev1, channels) {{
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
{_nodes(r, nodes, "plain", "plain")}  return concat(x[2..{nodes + 2}])
}}
cell reduce(prev2, prev1, channels) {{
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
{_nodes(r, nodes, "strided(2)", "strided")}  return concat(x[2..{nodes + 2}])
}}
net random(image: tensor[3, 8, 8], channels = 4, cells = {r.randint(1, 3)}, classes = 10) {{
  s1 = image |> conv(channels, k=3) |> batch_norm
  s0 = s1
  c = channels
  for i in 0..cells {{
    if i == {r.randint(0, 2)} {{
      c = 2 * c
      cell[i] = reduce{_tag(r)}(s0, s1, c)
    }} else {{
      cell[i] = normal{_tag(r)}(s0, s1, c)
    }}
    s0, s1 = s1, cell[i]
  }}
  {"s1 = choose plain from s1 keep 1 op" if r.random() < 0.3 else ""}
  {_stages(r)}
  return s1 |> global_avg_pool |> linear(classes)
}}
"""


def _tag(r: Random) -> str:
    return r.choice(("", "", "@(i)", "@left"))


def _stages(r: Random) -> str:
    """One stage behind the other, or a choice of them; perhaps none."""
    row, chain = (f"{name}{r.choice(('', '@left'))}" for name in ("row", "chain"))
    inner, other = r.choice(("pair", "deep", "normal")), r.choice(("pair", "cross", "deep", "normal"))
    return r.choice((
        "",
        "",
        f"s1 = {row}(s1, relu(s1), c, inner={inner})",
        f"s1 = {chain}(s1, {row}(s1, s1, c, inner={inner}), c, inner=pair)",
        f"s1 = {row}(s1, {row}(s1, s1, c, inner={inner}), c, inner={inner})",
        f"s1 = row@left(s1, row@right(s1, s1, c, inner={inner}), c, inner={other})",
    ))  # fmt: skip


def _stage(r: Random, name: str) -> str:
    """Cells in a row, whose inputs or operations are chosen, and of which some may be left out."""
    cells, window, tag = r.randint(1, 3), r.randint(2, 3), r.choice(("", "", "@(i)"))
    some = r.choice(("1 op", "some ops", "any edges"))
    body = r.choice((
        f"inner{tag}(*choose plain from c[max(0, i - {window})..i] keep 2 edges, channels)",
        f"inner{tag}(*choose plain from [c[0], c[i - 1]] keep 2 edges, channels)",
        f"inner{tag}(c[i - 2], c[i - 1], channels)",
        f"choose joins(inner.width(channels)) from (c[i - 2], c[i - 1]) keep {some}",
        f"choose joins(c[0].channels) from [(c[0], c[i - 1]), (c[i - 1], c[i - 2])] {_keep(r, 2)}",
        f"choose triples(c[0].channels) from (c[0], c[i - 2], c[i - 1]) keep {some}",
        f"choose joins(c[0].channels) from (c[i - 2], c[i - 1]) and plain from c[i - 1] {_keep(r, 2)}",
    ))  # fmt: skip
    body = f"c[i] = {body}"
    if r.random() < 0.2:
        plain = f"c[i] = pair(c[0], c[i - 1], {r.choice(('c[0].channels', 'inner.width(channels)'))})"
        then, otherwise = r.sample((body, plain), 2)
        body = f"if i % 2 == 0 {{ {then} }} else {{ {otherwise} }}"
    first, count = r.randint(0, cells), r.choice((2, 2, 3))
    first = min(first, cells + 2 - count)
    adjacent = f"choose adjacent {count} from c[{first}..cells + 2]"
    end = r.choice((
        "return c[cells + 1]",
        "return concat(c[2..cells + 2])",
        f"return concat(*{adjacent})",
        f"ends = {adjacent}\n  return ends[0] + ends[1]",
        f"return add(*{adjacent}) |> relu",
    ))  # fmt: skip
    return f"""stage {name}(a, b, channels, inner: cell, cells = {cells}) {{
  c[0] = conv(a, inner.width(channels))
  c[1] = conv(b, inner.width(channels))
  for i in 2..cells + 2 {{ {body} }}
  {end}
}}"""


def _nodes(r: Random, count: int, first: str, later: str) -> str:
    if r.random() < 0.3 and first == later:
        return f"  for i in 2..{count + 2} {{ x[i] = choose {first} from x[0..i] {_keep(r, 2)} }}\n"
    lines = []
    for i in range(2, count + 2):
        old = sorted(r.sample(range(2), r.randint(1, 2)))
        new = sorted(r.sample(range(2, i), r.randint(0, i - 2)))
        edges = f"{first} from [{', '.join(f'x[{j}]' for j in old)}]"
        edges += f" and {later} from [{', '.join(f'x[{j}]' for j in new)}]" if new else ""
        lines.append(f"  x[{i}] = choose {edges} {_keep(r, len(old) + len(new))}\n")
    return "".join(lines)


def _keep(r: Random, edges: int) -> str:
    n = r.randint(1, edges)
    amount = r.choice((f"{n} edges", f"1..{n} edges", "some edges", "any edges", "all edges"))
    return f"keep {amount}{r.choice(('', '', ' 1 op', ' some ops', ' 1..1 ops'))}"


class Writer:
    """Texts that follow the grammar, written as untidily as it allows; they need not mean anything."""

    def __init__(self, r: Random) -> None:
        self.r = r
        self.comments = 0

    def file(self) -> str:
        items = [self.item() for _ in range(self.r.randint(0, 5))]
        return self.gap() + "".join(item + self.end() for item in items)

    # blanks and comments
    def gap(self) -> str:
        return "".join(self.r.choice(("\n", "  \n", self.comment() + "\n")) for _ in range(self.r.randint(0, 2)))

    def comment(self) -> str:
        self.comments += 1
        return f"# comment {self.comments}"

    def end(self) -> str:
        """The end of a statement or item."""
        return self.space() + (self.comment() if self.r.random() < 0.3 else "") + "\n" + self.gap()

    def space(self) -> str:
        return self.r.choice(("", "", " ", "  ", "\t"))

    def inside(self) -> str:
        """Anything that may stand between tokens inside round brackets."""
        return self.r.choice(("", "", "", " ", "\n", f"{self.comment()}\n" if self.r.random() < 0.2 else ""))

    # items
    def name(self) -> str:
        return self.r.choice(("x", "y", "conv", "x1", "a_b", "cell1", "keeper", "i"))

    def item(self) -> str:
        match self.r.randrange(6):
            case 0:
                return f"use  {self.name()}{self.r.choice(('', '.lib', '  as  z'))}"
            case 1:
                return f"const {self.name()}{self.space()}={self.space()}{self.expression(3)}"
            case 2:
                alternatives = (self.gap() + self.space() + "|").join(
                    self.alternative() for _ in range(self.r.randint(1, 3))
                )
                return f"candidates {self.name()}{self.r.choice(('', self.params()))} = {alternatives}"
            case _:
                kind = self.r.choice(("cell", "net", "block", "stage", "method"))
                return f"{kind} {self.name()}{self.space()}{self.params()} {self.block(2)}"

    def alternative(self) -> str:
        label = f"{self.name()}:" if self.r.random() < 0.4 else ""
        return f" {label} {self.binary(2)}{self.r.choice(('', ' when legal', '  when   legal'))}"

    def params(self) -> str:
        count = self.r.randint(0, 3)
        given = [
            self.name() + self.r.choice(("", ": tensor[3, 8, 8]", f" = {self.expression(1)}", f": cell={self.name()}"))
            for _ in range(count)
        ]
        comma = "," if count and self.r.random() < 0.3 else ""
        return f"({self.inside()}{f',{self.inside()} '.join(given)}{comma}{self.inside()})"

    # statements
    def block(self, depth: int) -> str:
        if self.r.random() < 0.25:
            return f"{{{self.space()}{self.simple()}{self.space()}}}"
        body = "".join(self.statement(depth) for _ in range(self.r.randint(0, 3)))
        return f"{{{self.space()}{self.r.choice((chr(10), self.comment() + chr(10)))}{self.gap()}{body}}}"

    def statement(self, depth: int) -> str:
        kind = self.r.randrange(5) if depth else 2
        if kind == 0:
            return f"for {self.targets()} in {self.expression(1)} {self.block(depth - 1)}{self.end()}"
        if kind == 1:
            other = ""
            if self.r.random() < 0.5:
                other = f"{self.r.choice((' ', chr(10)))}else {self.block(depth - 1)}"
                if self.r.random() < 0.3:
                    other = f" else if {self.binary(1)} {self.block(depth - 1)}{other}"
            return f"{self.space()}if {self.binary(1)} {self.block(depth - 1)}{other}{self.end()}"
        return (
            self.space() + self.simple() + (f"{self.space()};{self.space()}" if self.r.random() < 0.1 else self.end())
        )

    def targets(self) -> str:
        return ", ".join(
            self.r.choice((self.name(), f"{self.name()}[{self.expression(0)}]", "(x, y)"))
            for _ in range(self.r.randint(1, 2))
        )

    def simple(self) -> str:
        match self.r.randrange(6):
            case 0:
                return f"return {self.expression(3)}"
            case 1:
                return f"require {self.expression(2)}"
            case 2:
                return f"{self.name()}({self.arguments(2)})"
            case _:
                return f"{self.targets()}{self.space()}={self.space()}{self.expression(3)}"

    # expressions
    def expression(self, depth: int) -> str:
        if depth and self.r.random() < 0.15:
            return self.choose(depth - 1)
        if depth and self.r.random() < 0.1:
            return f"{self.binary(depth - 1)} if {self.binary(depth - 1)} else {self.binary(depth - 1)}"
        return self.binary(depth)

    def choose(self, depth: int) -> str:
        if self.r.random() < 0.2:
            return f"choose adjacent 2 from {self.postfix(depth)}"
        groups = [f"{self.postfix(depth)} from {self.postfix(depth)}" for _ in range(self.r.randint(1, 2))]
        keep = self.r.choice(("2 edges", "1 op", "some edges any ops", "1..2 edges 1 op", "all edges", "1 edge 2 ops"))
        joined = self.r.choice((" and ", "\n and ")).join(groups)
        return f"choose {joined}{self.r.choice((' ', chr(10)))}keep {keep}"

    def binary(self, depth: int) -> str:
        if depth <= 0 or self.r.random() < 0.3:
            return self.postfix(depth)
        left, right = self.part(depth - 1), self.part(depth - 1)
        operator = self.r.choice(
            ("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", " and ", " or ", "|>", "..", "not", "minus")
        )
        if operator == "not":
            return f"not ({left})"
        if operator == "minus":
            return f"-{left}"
        return f"{left} {operator}{self.r.choice((' ', '  '))}{right}"

    def part(self, depth: int) -> str:
        return self.r.choice((self.postfix(depth), f"({self.inside()}{self.expression(depth)}{self.inside()})"))

    def postfix(self, depth: int) -> str:
        atom = self.atom(depth)
        for _ in range(self.r.randint(0, 2)):
            match self.r.randrange(6):
                case 0:
                    atom += f"[{self.inside()}{self.expression(depth - 1)}{self.r.choice(('', ', 1'))}]"
                case 1:
                    atom += f".{self.name()}"
                case 2:
                    atom += self.r.choice(("@1", "@left", "@(i + 1)"))
                case 3:
                    atom += f"({self.arguments(depth - 1)})"
        return atom

    def arguments(self, depth: int) -> str:
        given = [
            self.r.choice(("", "", "k=", f"{self.name()} = ", "*")) + self.expression(depth)
            for _ in range(self.r.randint(0, 3))
        ]
        comma = "," if given and self.r.random() < 0.2 else ""
        return f"{self.inside()}{f',{self.inside()}'.join(given)}{comma}{self.inside()}"

    def atom(self, depth: int) -> str:
        if depth > 0 and self.r.random() < 0.25:
            items = [self.expression(depth - 1) for _ in range(self.r.randint(1, 3))]
            joined = f",{self.inside()}".join(items)
            return self.r.choice((f"[{self.inside()}{joined}]", f"({joined},)", f"{{{', '.join(items)}}}", "[]"))
        return self.r.choice((self.name(), self.name(), "3", "0", "2.5", "1e-3", "2K", '"text # no comment"', "true"))
