"""The programs `ahjo-scan` and `ahjo-install-git-hook`, which work in any folder without its tasks.py.

A git hook runs at every commit, and where the project's packages may be missing: it does not load Invoke, whose import
takes longer than a scan.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.console import Console
from ahjo_tasks.console.console import report_error
from ahjo_tasks.errors import AhjoError
from ahjo_tasks.scan import command
from ahjo_tasks.scan.command import HOOK_FLAGS, SCAN_FLAGS, Flag, HookOptions, ScanContext, ScanOptions
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Mapping, Sequence


class Program(NamedTuple):
    """A program: its action for the summary, its description and flags, the type of their values, and the function."""

    action: str
    description: str
    flags: Mapping[str, Flag]
    options: type[ScanOptions | HookOptions]
    function: Callable[[ScanContext, Any], None]


PROGRAMS = {
    "ahjo-scan": Program(
        "scan",
        "Look for personal data and unwanted SQL in the project. Exits with 1 when anything is found.",
        SCAN_FLAGS,
        ScanOptions,
        command.scan,
    ),
    "ahjo-install-git-hook": Program(
        "install-git-hook",
        "Install a git hook that scans staged files before each commit.",
        HOOK_FLAGS,
        HookOptions,
        command.install_hook,
    ),
}


def run(name: str, given: Sequence[str]) -> int:
    """Run the program and return its exit code. Raises SystemExit for wrong flags."""
    started = time.perf_counter()
    program = PROGRAMS[name]
    words = [_with_dashes(word) for word in given]
    values = plain_values(program, words) or vars(parser(name).parse_args(words))
    dry, debug = values.pop("dry"), values.pop("debug")
    options = program.options(**values)
    from ahjo_tasks.console.logs import FileLog

    console = Console(None if dry else FileLog(Path(options.project_dir) / "ahjo.log"))
    code = _guarded(console, lambda: program.function(ScanContext(Path.cwd(), console, dry), options), debug=debug)
    console.summary(program.action, code, time.perf_counter() - started)
    return code


def plain_values(program: Program, words: Sequence[str]) -> dict[str, Any] | None:
    """Read the options as argparse does, where all are whole words of the program; None leaves them to argparse.

    To import argparse and to make a parser takes a git hook as long as to run git.
    """
    flags = {name: (long, flag) for long, flag in program.flags.items() for name in (flag.short, f"--{long}") if name}
    flags |= {f"--{switch}": (switch, Flag("")) for switch in ("dry", "debug")}
    values: dict[str, Any] = {**program.options._field_defaults, "dry": False, "debug": False}
    waiting = iter(words)
    for word in waiting:
        long, flag = flags.get(word, ("", Flag("")))
        value: str | bool = next(waiting, "") if flag.value else True
        if not long or not value or (isinstance(value, str) and value.startswith("-")):
            return None
        values[long.replace("-", "_")] = value
    return values


def parser(name: str) -> ArgumentParser:
    """Return the parser of a program's options, Ahjo's short ones included."""
    from argparse import ArgumentParser

    program = PROGRAMS[name]
    argument_parser = ArgumentParser(prog=name, description=program.description, allow_abbrev=False)
    for long, flag in program.flags.items():
        names = [text for text in (flag.short, f"--{long}") if text]
        if flag.value:
            default = program.options._field_defaults[long.replace("-", "_")]
            argument_parser.add_argument(*names, help=flag.help, metavar=flag.value, default=default)
        else:
            argument_parser.add_argument(*names, help=flag.help, action="store_true")
    argument_parser.add_argument("--dry", action="store_true", help="Show what would be done, and change nothing.")
    argument_parser.add_argument("--debug", action="store_true", help="Show the traceback of a failure.")
    argument_parser.add_argument("--version", action="version", version=f"{name} {__version__}")
    return argument_parser


def _guarded(console: Console, work: Callable[[], None], *, debug: bool) -> int:
    try:
        work()
    except (AhjoError, KeyboardInterrupt) as error:
        return report_error(console, error)
    except Exception as error:
        if debug:
            raise
        return report_error(console, error)
    return 0


def _with_dashes(word: str) -> str:
    """Return a long option with dashes in place of underscores."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if name.startswith("--") else word
