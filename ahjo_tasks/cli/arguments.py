"""Translate `ahjo ACTION CONFIG --files a b` to Invoke's arguments, and run it on the project's namespace."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from invoke.program import Program

from ahjo_tasks.actions.namespace import namespace
from ahjo_tasks.actions.project_namespace import find_project, load_or_standard
from ahjo_tasks.config.document import CONFIG_SUFFIXES
from ahjo_tasks.console import Console
from ahjo_tasks.errors import ConfigError, UsageError
from ahjo_tasks.runtime import flags
from ahjo_tasks.runtime.action_files import unread_default
from ahjo_tasks.runtime.overrides import (
    UNDECLARED,
    is_value,
    parameter,
    take_values,
    takes_any_number,
    takes_undeclared,
)
from ahjo_tasks.runtime.patches.parser_errors import suggest_action, suggest_flag
from ahjo_tasks.runtime.project import only_config
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invoke.collection import Collection
    from invoke.parser.argument import Argument
    from invoke.tasks import Task


SHORT = {
    "-ni": "--non-interactive",
    "-sm": "--skip-metadata-update",
    "-sg": "--skip-git-update",
    "-sa": "--skip-alembic-update",
    "-d": "--project-dir",
    "-v": "--version",
    "-h": "--help",
}
CORE_SWITCHES = frozenset({"--dry", "--debug", "--echo"})
FOR_ANY = frozenset(SHORT[short] for short in ("-ni", "-sm", "-sg", "-sa"))
"""Flags that Ahjo accepts with every action; an action without the flag ignores it."""
NO_CONFIG_FOLLOWS = frozenset({"--output", "--targets"})
"""Flags whose value is a file that may end as a config does."""
SWITCHES = CORE_SWITCHES | FOR_ANY | {"--help"}
OWN_PROJECT_DIR = frozenset({"adopt", "init-project", "multi-project-build", "package"})


class AhjoProgram(Program):
    """Invoke's program, with the usage line of `ahjo` in its help."""

    options: Mapping[str, Any] = MappingProxyType({})
    """Options that the action does not declare, or whose values Invoke has no form for."""

    def execute(self) -> None:
        """Run the action, which finds its undeclared options in its context."""
        vars(self.core)[UNDECLARED] = [self.options]
        super().execute()

    def print_task_help(self, name: str) -> None:
        """Print the options of one action."""
        with redirect_stdout(StringIO()) as caught:
            super().print_task_help(name)
        _, _, rest = caught.getvalue().partition("\n")
        sys.stdout.write(f"Usage: ahjo {name} [CONFIG] [--options]\n{rest}")


def run(given: list[str], cwd: Path) -> None:
    """Run one action and exit with its code. Raises AhjoError for a call that is wrong."""
    given, tail = _split_remainder(given)
    words = [word for token in given for word in _long_form(token)]
    action = next((word for word in words if not word.startswith("-")), None)
    directory, words = _project_dir(words, cwd) if action not in OWN_PROJECT_DIR else (None, words)
    config, words = _config(words)
    config = config or os.environ.get("AHJO_CONFIG_PATH")
    call = Call(cwd, (cwd / Path(config).expanduser()).absolute() if config else None, tail)
    if action in OWN_PROJECT_DIR:  # tasks.py of the working folder has nothing to do with a new project
        collection = namespace(directory=cwd)
    else:
        folder = directory or find_project(call.config, cwd)
        collection = load_or_standard(folder, call.config or only_config(folder, os.environ), action)
        if warning := unread_default(folder):
            Console().warning(warning)
    program = AhjoProgram(name="ahjo", binary="ahjo", version=__version__, namespace=collection)
    if action == "list":
        program.run(["ahjo", "--list"])
    elif "--help" in words:
        program.run(["ahjo", "--help", _in_collection(_task(collection, action), action or "")])
    else:
        words = call.translate(words, _task(collection, action))
        program.options = call.options
        program.run(["ahjo", *words])


def complete(words: list[str], cwd: Path) -> list[str]:
    """Return what the last word of a call can become. Raises AhjoError for a project that cannot be loaded."""
    from ahjo_tasks.runtime.completion import CommandLine, complete_ahjo

    config = next((cwd / word for word in words if word.lower().endswith(CONFIG_SUFFIXES)), None)
    folder = find_project(config, cwd)
    try:
        collection = load_or_standard(folder, config, None)
    except ConfigError:
        collection = load_or_standard(folder, None, None)
    common = {**dict.fromkeys(sorted(SWITCHES), False), "--config": True, "--project-dir": True}
    line = CommandLine(collection, common, cwd, ("list", *collection.task_names))
    return complete_ahjo(line, words)


@dataclass
class Call:
    """The translation of one call."""

    cwd: Path
    config: Path | None = None
    tail: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    task: Task[Any] | None = None

    def translate(self, words: list[str], task: Task[Any]) -> list[str]:
        """Return Invoke's arguments for the words of an `ahjo` call."""
        self.task, known = task, flags.by_name(task)
        rest = list(words)
        name = next(word for word in rest if not word.startswith("-"))
        rest.remove(name)
        self.out = [_in_collection(task, name)]
        while rest:
            self._take(rest, known)
        named = ["--config", str(self.config)] if self.config else []
        return [*self.out, *named, *self.tail]

    def _take(self, rest: list[str], known: dict[str, Argument]) -> None:
        word = rest.pop(0)
        argument = known.get(word)
        if not word.startswith("-"):
            if self._is_config(word):
                return
            flag = self._positional_flag(known)
            if flag is None:
                raise UsageError(f"Unexpected argument {word!r}.", hint="ahjo --help")
            self.out += [flag, word]
        elif word in CORE_SWITCHES or (argument and not argument.takes_value):
            self.out.append(word)
        elif argument is None and word in FOR_ANY:
            return
        elif argument is None and takes_undeclared(self.task, word, [*known, *SWITCHES]):
            self.options[parameter(word)] = take_values(rest, self._is_config) or True
        elif argument is None:
            hint = (
                suggest_flag(word, [*known, *SWITCHES, "--config"]) or f"ahjo --help {self.out[0]} lists its options."
            )
            raise UsageError(f"{self.out[0]} has no option {word}.", hint=hint)
        else:
            self._take_values(word, rest, argument)

    def _take_values(self, flag: str, rest: list[str], argument: Argument) -> None:
        several = argument.kind is list
        if takes_any_number(self.task, argument):
            values = take_values(rest, self._is_config)
            if len(values) != 1:
                self.options[str(argument.name)] = values or True
                return
            rest.insert(0, values[0])
        if not rest or not is_value(rest[0]):
            raise UsageError(f"{flag} needs a value.")
        self.out += [flag, rest.pop(0)]
        while several and rest and is_value(rest[0]) and not self._is_config(rest[0]):
            self.out += [flag, rest.pop(0)]

    def _positional_flag(self, known: dict[str, Argument]) -> str | None:
        """Return the flag of the next positional argument, which a word without a flag is for."""
        return next((flag for flag, argument in known.items() if argument.positional and flag not in self.out), None)

    def _is_config(self, word: str) -> bool:
        return self.config is not None and (self.cwd / Path(word).expanduser()).absolute() == self.config


def _long_form(token: str) -> list[str]:
    """Return the long form of a token: long flags for short ones, dashes for underscores, `--name=value` in two."""
    if not token.startswith("--"):
        return [SHORT.get(token, token)]
    name, equals, value = token.partition("=")
    return [name.replace("_", "-"), *([value] if equals else [])]


def _split_remainder(given: list[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before `--`, and those from it on, which Invoke passes to the action as one text."""
    if "--" not in given:
        return given, []
    index = given.index("--")
    return given[:index], ["--", shlex.join(given[index + 1 :])]


def _project_dir(words: list[str], cwd: Path) -> tuple[Path | None, list[str]]:
    if "--project-dir" not in words:
        return None, words
    index = words.index("--project-dir")
    if index + 1 >= len(words) or not (cwd / words[index + 1]).is_dir():
        raise UsageError("--project-dir needs the path of a folder that exists.")
    return (cwd / words[index + 1]).absolute(), words[:index] + words[index + 2 :]


def _config(words: list[str]) -> tuple[str | None, list[str]]:
    """Return the config and the other words: that of `--config`, or the first word after the action with its suffix.

    A word right after an option is the option's value, unless no other word can be the config.
    """
    if "--config" in words:
        index = words.index("--config")
        if index + 1 >= len(words):
            raise UsageError("--config needs the path of a file.")
        return words[index + 1], words[:index] + words[index + 2 :]
    candidates = [
        (before.startswith("-") and before not in SWITCHES, word)
        for before, word in pairwise(words)
        if before not in NO_CONFIG_FOLLOWS and not word.startswith("-") and word.lower().endswith(CONFIG_SUFFIXES)
    ]
    return (min(candidates, key=itemgetter(0))[1] if candidates else None), words


def _in_collection(task: Task[Any], name: str) -> str:
    """Return the task's name from the root on: that of one in a sub-collection, as `fleet.deploy`, has dots."""
    return ".".join([*name.split(".")[:-1], task.name])


def _task(collection: Collection, name: str | None) -> Task[Any]:
    if name is None:
        raise UsageError("No action is given.", hint="ahjo list")
    action = collection.transform(name)
    if action not in collection.task_names:
        hint = suggest_action(action, collection.task_names) or "ahjo list"
        if name.lower().endswith(CONFIG_SUFFIXES):
            hint = f"The action comes first: ahjo ACTION {name}"
        raise UsageError(f"There is no action {name!r}.", hint=hint)
    task: Task[Any] = collection[action]
    return task
