"""archir opt: passes by name, and the module that they leave."""

from __future__ import annotations

import sys

import click

from archir.cli.common import print_notes, read_module, set_option, split_settings, write_text
from archir.ir.module import Module
from archir.passes import Observer, Step, run_pipeline, spec


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
    `archir passes` lists the passes. Without any, the module itself is printed.
    """
    module = read_module(file, split_settings(settings))
    steps: list[Step] = []
    observer = _observer(steps, print_after_all)
    rewrite = run_pipeline(module, pipeline, _values(values), observer=observer)
    print_notes(rewrite.notes)
    if timing:
        sys.stderr.write(_timings(steps))
    write_text(output, _printed(rewrite.module, form))


def _values(path: str | None):  # type: ignore[no-untyped-def]
    if path is None:
        return None
    from archir.passes.values import read_values

    return read_values(path)


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
