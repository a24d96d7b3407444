"""Patch `Program`: add the config's action files, let flags that answer questions stand anywhere, tune the collector.

A tasks.py that cannot be imported is one message, once this package is.

`--non-interactive` and `--confirm-database` are core flags, too, as `--config` and `--dry`. Core flags are parsed
before tasks.py is loaded, and once more with the tasks, when these two are known.

Words behind `--` are kept apart, which Invoke joins with blanks, and so are options that an action reads without
declaring them.

`inv` and other Invoke programs call `Program.run()` without arguments, so that it takes `sys.argv` itself. A host
process that runs a program or calls an action from Python passes its own arguments and keeps its own thresholds.
"""

from __future__ import annotations

import copy
import os
import sys
from functools import wraps
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Self

from invoke.exceptions import Exit
from invoke.loader import Loader
from invoke.parser.context import ParserContext
from invoke.program import Program

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime import flags
from ahjo_tasks.runtime.overrides import UNDECLARED, UndeclaredOptions
from ahjo_tasks.runtime.patches.config_files import exit_message
from ahjo_tasks.runtime.patches.expected import ASSIGNED, has_method
from ahjo_tasks.utils import tune_gc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from invoke.parser.argument import Argument

LIST_FORMATS = ("flat", "nested", "json")
"""Invoke's formats of `--list`."""


def install() -> bool:
    """Patch `Program.parse_tasks`. Returns False, and changes nothing, where Invoke has another one."""
    if Program.parse_tasks.__module__ == __name__:
        return True
    if not (
        has_method(Program, "parse_tasks")
        and has_method(Program, "core_args")
        and has_method(Program, "normalize_argv", "argv")
    ):
        return False
    Program.core_args = _with_confirmation(Program.core_args)  # type: ignore[assignment,method-assign]
    Program.parse_tasks = _tuned(Program.parse_tasks)  # type: ignore[assignment,method-assign]
    if has_method(Program, "print_task_help", "name"):
        Program.print_task_help = _with_common_flags(Program.print_task_help)  # type: ignore[assignment,method-assign]
    if has_method(ParserContext, "help_for", "flag"):
        ParserContext.help_for = _with_values(ParserContext.help_for)  # type: ignore[method-assign]
    if has_method(Program, "parse_cleanup"):
        Program.parse_cleanup = _quiet(Program.parse_cleanup)  # type: ignore[assignment,method-assign]
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _explain
    return True


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one message why `inv` cannot import tasks.py, and exit with 2; `--debug` and all else get a traceback.

    Invoke loads tasks.py before it could be patched, so that only Python's own hook is left.
    """
    files = [frame.f_code.co_filename for frame, _line in walk_tb(trace) if frame.f_code.co_name == "<module>"]
    loads = any(frame.f_code is Loader.load.__code__ for frame, _line in walk_tb(trace))
    if not (isinstance(error, Exception) and loads and len(files) > 1) or {"-d", "--debug"} & set(sys.argv):
        sys.__excepthook__(kind, error, trace)
        return
    from ahjo_tasks.console import Console
    from ahjo_tasks.runtime.action_files import load_error

    explained = load_error(error, Path(files[1]))
    Console().error(explained)
    sys.exit(explained.exit_code)


def _with_confirmation(original: Callable[[Program], list[Argument]]) -> Callable[[Program], list[Argument]]:
    @wraps(original, assigned=ASSIGNED)
    def core_args(program: Program) -> list[Argument]:
        return [*original(program), *map(copy.copy, flags.confirmation())]

    return core_args


COMMON_FLAGS = (
    ("--config=FILE", "The config that says which database; else AHJO_CONFIG_PATH, or the only config of the project."),
    ("--dry", "Show what would be done, and change nothing."),
)


def _with_common_flags(original: Callable[[Program, str], None]) -> Callable[[Program, str], None]:
    """Let the help of an action end with the flags of every action, which Invoke shows in its own help alone."""

    @wraps(original, assigned=ASSIGNED)
    def print_task_help(program: Program, name: str) -> None:
        original(program, name)
        if hasattr(program.collection[name], "uses_project"):  # an Action, of a module that imports this one
            sys.stdout.write("Options of every action:\n")
            program.print_columns(list(COMMON_FLAGS))

    return print_task_help


VALUES = {list: "STRING", float: "NUMBER"}
"""Names of a flag's value in the help, for kinds that Invoke shows like flags without one."""


def _with_values(original: Callable[[ParserContext, str], tuple[str, str]]) -> Callable[..., tuple[str, str]]:
    """Let the help show that a flag which may be repeated, or which takes a number with decimals, has a value."""

    @wraps(original, assigned=ASSIGNED)
    def help_for(context: ParserContext, flag: str) -> tuple[str, str]:
        names, text = original(context, flag)
        value = VALUES.get(context.flags[flag].kind)
        if value:
            marked = (f"{name}{'=' if name.startswith('--') else ' '}{value}" for name in names.split(", "))
            names = ", ".join(marked)
        return names, text

    return help_for


def _complete(program: Program) -> None:
    """Print what the last word of a call can become, and exit, where a shell asks for it."""
    if program.args.complete.value:
        from ahjo_tasks.runtime.completion import complete_invoke

        for candidate in complete_invoke(program, remainder_words(program.core.remainder)):
            sys.stdout.write(f"{candidate}\n")
        raise Exit


def open_closed_streams() -> None:
    """Have the streams that the caller has closed, as `>&-` does, be the null device: Python has None for them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends


def _quiet(original: Callable[[Program], None]) -> Callable[[Program], None]:
    """Let `--list` and `--help` end without a word where their reader has ended, as in `inv --list | head -1`."""

    @wraps(original)
    def parse_cleanup(program: Program) -> None:
        open_closed_streams()
        listed = program.args["list-format"].value
        if listed not in LIST_FORMATS:
            hint = f"It is one of: {', '.join(LIST_FORMATS)}."
            error = UsageError(f"--list-format: there is no format {listed!r}.", hint=hint)
            raise Exit(exit_message(error), code=error.exit_code)
        try:
            try:
                _complete(program)
                original(program)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            from ahjo_tasks.console.console import discard_output

            discard_output(sys.stdout)
            raise Exit(code=0) from None

    return parse_cleanup


def _tuned(original: Callable[[Program], None]) -> Callable[[Program], None]:
    @wraps(original, assigned=ASSIGNED)
    def parse_tasks(program: Program) -> None:
        if getattr(program, "argv", None) is sys.argv:
            tune_gc()
        for argument in flags.confirmation():
            if program.core and argument.name not in program.core[0].args:
                program.core[0].add_arg(copy.copy(argument))
        if program.namespace is None:  # `inv`; a program with a namespace of its own has added them
            _add_action_files(program)
        _take_undeclared(program)
        original(program)
        _refuse_config_as_collection(program)
        if "--" in program.argv:
            program.core.remainder = Remainder(program.argv[program.argv.index("--") + 1 :])

    return parse_tasks


def _refuse_config_as_collection(program: Program) -> None:
    """Raise Exit for `-c dev.jsonc`: Invoke's -c names another tasks.py, and would be ignored behind an action."""
    name = str(program.args["collection"].value or "") if "collection" in program.args else ""
    if Path(name).suffix in {".json", ".jsonc", ".yaml", ".yml"}:
        error = UsageError(f"-c {name}: -c is Invoke's --collection, the name of a tasks.py.", hint=f"--config {name}")
        raise Exit(exit_message(error), code=error.exit_code)


def _take_undeclared(program: Program) -> None:
    """Keep the options that actions read without declaring them from the parser, for the chain."""
    if any(word.startswith("--") for word in program.core.unparsed):
        undeclared = UndeclaredOptions(program.core.unparsed, program.collection, program.core[0].flags)
        program.core.unparsed[:] = undeclared.words
        vars(program.core)[UNDECLARED] = undeclared.options


class Remainder(str):
    """The text behind `--` as Invoke has it, joined with blanks, and its words as the shell gave them."""

    __slots__ = ("words",)
    words: tuple[str, ...]

    def __new__(cls, words: Sequence[str]) -> Self:
        """Join the words."""
        text = super().__new__(cls, " ".join(words))
        text.words = tuple(words)
        return text


def remainder_words(text: str | None) -> list[str]:
    """Return the words behind `--` as the shell gave them; one word alone, and any other text, is split."""
    import shlex

    words = getattr(text, "words", ())
    if len(words) > 1:
        return list(words)
    split = shlex.split(text or "")
    return shlex.split(split[0]) if len(split) == 1 else split  # the `ahjo` command quotes it once more


def _add_action_files(program: Program) -> None:
    from ahjo_tasks.runtime.action_files import add_action_files_to_program, unread_default

    try:
        add_action_files_to_program(program.collection, program.argv)
    except AhjoError as error:
        raise Exit(exit_message(error), code=error.exit_code) from None
    folder = program.collection.loaded_from
    warning = unread_default(Path(folder)) if folder else ""
    if warning:
        from ahjo_tasks.console import Console

        Console().warning(warning)
