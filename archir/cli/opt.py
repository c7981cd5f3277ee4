"""archir opt: passes by name, and the module that they leave."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from archir.cli.common import print_notes, read_learned, read_module, set_option, split_settings, write_text
from archir.ir.module import Module
from archir.passes import Observer, Step, run_branches, spec


@click.command("opt")
@click.argument("file")
@click.option("-p", "--passes", "pipeline", default="", metavar="PIPELINE", help='Such as "relax{affine=true},derive".')
@set_option
@click.option("--values", metavar="FILE", help="Learned values: the folder of a run, or a JSON file.")
@click.option(
    "--form", type=click.Choice(["flat", "source"]), default="flat", show_default=True,
    help="One operation a line, or as people write it.",
)  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@click.option("--print-after-all", is_flag=True, help="Print the module after each pass, to standard error.")
@click.option("--timing", is_flag=True, help="Print the seconds of each pass, to standard error.")
def command(
    file: str,
    pipeline: str,
    settings: tuple[str, ...],
    values: str | None,
    form: str,
    output: str | None,
    print_after_all: bool,
    timing: bool,
) -> None:
    """Run passes on the module in FILE and print what they leave.

    FILE is a .nas file in either form, the name of a shipped space, or `-` for standard input.
    `archir passes` lists the passes. Without any, the module itself is printed. Where a pass gives several modules
    (`partition`), each is printed, or written to a file of its own: `-o part.nas` writes part.0.nas, part.1.nas, ...
    """
    module = read_module(file, split_settings(settings))
    steps: list[Step] = []
    observer = _observer(steps, print_after_all)
    branches = run_branches(module, pipeline, read_learned(values), observer=observer)
    found = [branch.module for branch in branches]
    print_notes(tuple(dict.fromkeys(note for branch in branches for note in branch.notes)))
    if timing:
        sys.stderr.write(_timings(steps))
    texts = [_printed(after, form) for after in found]
    if len(texts) == 1:
        write_text(output, texts[0])
        return
    titled = [f"# {i} of {len(found)}: {', '.join(m.history)}\n{texts[i]}" for i, m in enumerate(found)]
    if output in (None, "-"):
        write_text(output, "\n".join(titled))
        return
    for i, text in enumerate(titled):
        write_text(_numbered(output, i), text)


def _numbered(path: str, number: int) -> str:
    """`net.nas` -> `net.3.nas`."""
    file = Path(path)
    return str(file.with_name(f"{file.stem}.{number}{file.suffix}"))


def _observer(steps: list[Step], print_all: bool) -> Observer:
    def observe(step: Step) -> None:
        steps.append(step)
        if print_all:
            sys.stderr.write(f"# after {spec(step.applied)}\n{_printed(step.after, 'flat')}\n")

    return observe


def _printed(module: Module, form: str) -> str:
    if form == "source":
        from archir.sema.specialize import print_source

        return print_source(module)
    from archir.ir.printer import print_flat

    return print_flat(module)


def _timings(steps: list[Step]) -> str:
    total = sum(step.seconds for step in steps)
    rows = [(f"{step.seconds:9.3f} s", spec(step.applied)) for step in steps]
    return "".join(f"{seconds}  {name}\n" for seconds, name in [*rows, (f"{total:9.3f} s", "in all")])
