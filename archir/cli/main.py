"""The `archir` command: finds the subcommand, and turns errors into messages and exit statuses."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import NamedTuple

import click

from archir.cli.together import Ending, are_several, end_together
from archir.diagnostics import ArchirError
from archir.diagnostics.render import render, wants_color


class Entry(NamedTuple):
    """A subcommand: where it is, and its line in `archir --help`."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "check": Entry("check", "say whether a file is right, and how large it is"),
    "info": Entry("info", "count a space's networks; parameters and multiply-adds"),
    "enumerate": Entry("enumerate", "print the points of a space, one a line"),
    "fmt": Entry("fmt", "format .nas files"),
    "opt": Entry("opt", "run passes and print the module"),
    "search": Entry("search", "search a space on a data set"),
    "derive": Entry("derive", "print the network that a search has found"),
    "train": Entry("train", "train a network"),
    "emit": Entry("emit", "write a network as one PyTorch file"),
    "export": Entry("export", "write a trained network as a verified ONNX model"),
    "import": Entry("import_", "read a DARTS genotype or a NAS-Bench-201 string"),
    "export-genotype": Entry("export_genotype", "write a DARTS genotype or a NAS-Bench-201 string"),
    "show": Entry("show", "draw a space, a network or a run"),
    "report": Entry("report", "compare runs: accuracy, parameters, multiply-adds"),
    "propose": Entry("propose", "find distributions over networks of a budget"),
    "measure": Entry("measure", "time each block of a space on this machine"),
    "bench": Entry("bench", "time a supernet, or look a search up in a table"),
    "passes": Entry("passes", "list the passes, or explain one"),
    "ops": Entry("ops", "list the primitives and the block library"),
    "explain": Entry("explain", "say what an error code means, with an example"),
}

REFERENCE = {"passes", "ops", "explain"}
"""Shown in one line of `archir --help`."""

START = """Start: archir info darts; archir search darts -o runs/first; see COMMAND -h"""


class LazyGroup(click.Group):
    """Imports a subcommand only when it is asked for, so that cheap commands stay cheap."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"archir.cli.{COMMANDS[cmd_name].module}").command
        assert isinstance(command, click.Command)
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands only: all of it fits a window of 24 lines."""
        self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without click's blank line before it, for the same reason."""
        formatter.write(f"  {self.epilog}\n")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            rows = [(name, entry.summary) for name, entry in COMMANDS.items() if name not in REFERENCE]
            together = ", ".join(name for name in COMMANDS if name in REFERENCE)
            formatter.write_dl([*rows, (together, "list passes and primitives; explain an error code")])


@click.group(
    cls=LazyGroup, epilog=START, options_metavar="[-h] [-v]", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(None, "-v", "--version", package_name="archir", message="archir %(version)s")
def group() -> None:
    """From a search space in a text file to a searched network in ONNX."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process: 0 well, 1 wrong input, 2 wrong usage, 130 interrupted."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives the exit status."""
    if are_several():
        return end_together(lambda: _attempt(arguments))
    ending = _attempt(arguments)
    sys.stderr.write(ending.text)
    return ending.status


def _attempt(arguments: Sequence[str] | None) -> Ending:
    try:
        status = group.main(arguments, prog_name="archir", standalone_mode=False)
        sys.stdout.flush()
        return Ending(status if isinstance(status, int) else 0)
    except ArchirError as error:
        return Ending(1, render(error.diagnostics, color=wants_color(sys.stderr)))
    except click.ClickException as error:
        text = StringIO()
        error.show(text)
        return Ending(error.exit_code, text.getvalue())
    except (click.Abort, KeyboardInterrupt) as error:
        hint = str(error.__cause__ or error)
        return Ending(130, f"{hint}\ninterrupted\n" if hint else "interrupted\n")
    except BrokenPipeError:  # the reader of a pipe has gone; nothing is wrong here
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Ending(0)
