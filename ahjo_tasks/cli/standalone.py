"""The programs that are one action and work in any folder: a project's own tasks have no say in them.

A git hook is such a case: it runs where the project's own packages may be missing, and at every commit, so that it goes
without Invoke, whose import takes longer than a scan.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.console import Console
from ahjo_tasks.console.console import report_error
from ahjo_tasks.errors import AhjoError
from ahjo_tasks.runtime.gc_tuning import tune_gc
from ahjo_tasks.scan import command
from ahjo_tasks.scan.command import HOOK_FLAGS, SCAN_FLAGS, Flag, HookOptions, Place, ScanOptions
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Program(NamedTuple):
    """What an action is called and says of itself, its flags, the form of their values, and who works with these."""

    action: str
    sentence: str
    flags: Mapping[str, Flag]
    wanted: type[ScanOptions | HookOptions]
    work: Callable[[Place, Any], None]


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
        "Have git scan what is staged before each commit.",
        HOOK_FLAGS,
        HookOptions,
        command.install_hook,
    ),
}


def run(name: str, given: Sequence[str]) -> int:
    """Run the program and return its exit code. Raises SystemExit for flags that make no sense."""
    started = time.perf_counter()
    tune_gc()
    program = PROGRAMS[name]
    values = vars(parser(name).parse_args([_spelled(word) for word in given]))
    dry, debug = values.pop("dry"), values.pop("debug")
    console, wanted = Console(), program.wanted(**values)
    code = _guarded(console, lambda: program.work(Place(Path.cwd(), console, dry), wanted), debug=debug)
    console.summary(program.action, code, time.perf_counter() - started)
    return code


def parser(name: str) -> ArgumentParser:
    """The options of a program, the predecessor's short ones included."""
    program = PROGRAMS[name]
    made = ArgumentParser(prog=name, description=program.sentence, allow_abbrev=False)
    for long, flag in program.flags.items():
        spelled = [text for text in (flag.short, f"--{long}") if text]
        if flag.value:
            default = program.wanted._field_defaults[long.replace("-", "_")]
            made.add_argument(*spelled, help=flag.help, metavar=flag.value, default=default)
        else:
            made.add_argument(*spelled, help=flag.help, action="store_true")
    made.add_argument("--dry", action="store_true", help="Show what would be done, and change nothing.")
    made.add_argument("--debug", action="store_true", help="Show where in the program a failure is.")
    made.add_argument("--version", action="version", version=f"{name} {__version__}")
    return made


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


def _spelled(word: str) -> str:
    """A long form with dashes."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if name.startswith("--") else word
