"""From `ahjo ACTION CONFIG --files a b` to Invoke's arguments, over the same namespace."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import StringIO
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.program import Program
from invoke.tasks import Task

from ahjo_tasks.errors import ConfigError, UsageError
from ahjo_tasks.running.action import Action
from ahjo_tasks.running.namespace import namespace
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from invoke.parser.argument import Argument

    from ahjo_tasks.running.home import Home

CONFIG_ENDINGS = (".json", ".jsonc", ".yaml", ".yml")
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
"""What the predecessor took with every action; one that has no use for it passes it over."""
SWITCHES = CORE_SWITCHES | FOR_ANY | {"--help"}
NEGATIVE = re.compile(r"-\d+(\.\d+)?")
OWN_PROJECT_DIR = frozenset({"adopt", "init-project", "multi-project-build", "package"})
DEFAULT_ACTIONS = "ahjo_actions.py"


class AhjoProgram(Program):
    """Invoke's program with the usage line of an `ahjo` call."""

    def print_task_help(self, name: str) -> None:
        """Print the options of one action."""
        with redirect_stdout(StringIO()) as caught:
            super().print_task_help(name)
        _, _, rest = caught.getvalue().partition("\n")
        sys.stdout.write(f"Usage: ahjo {name} [CONFIG] [--options]\n{rest}")


def run(given: list[str], cwd: Path) -> None:
    """Run one action and leave with its exit code. Raises AhjoError for a call that makes no sense."""
    given, tail = _cut(given)
    words = [word for token in given for word in _spelled(token)]
    action = next((word for word in words if not word.startswith("-")), None)
    directory, words = _project_dir(words, cwd) if action not in OWN_PROJECT_DIR else (None, words)
    config, words = _config(words)
    config = config or os.environ.get("AHJO_CONFIG_PATH")
    call = Call(cwd, (cwd / Path(config).expanduser()).absolute() if config else None, tail)
    if action in OWN_PROJECT_DIR:  # what lies in the working folder has no say in a project that is not there yet
        collection = namespace(directory=cwd)
    else:
        collection = _loaded(directory or find_project(call.config, cwd), call.config, action)
    program = AhjoProgram(name="ahjo", binary="ahjo", version=__version__, namespace=collection)
    if action == "list":
        program.run(["ahjo", "--list"])
    elif "--help" in words:
        program.run(["ahjo", "--help", _task(collection, action).name])
    else:
        program.run(["ahjo", *call.translate(words, _task(collection, action))])


@dataclass
class Call:
    """One call being translated."""

    cwd: Path
    config: Path | None = None
    tail: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)

    def translate(self, words: list[str], task: Task) -> list[str]:  # type: ignore[type-arg]
        """Invoke's arguments for the words of an `ahjo` call."""
        known = _flags(task)
        rest = list(words)
        rest.remove(next(word for word in rest if not word.startswith("-")))
        self.out = [task.name]
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
            wanted = self._wanted(known)
            if wanted is None:
                raise UsageError(f"ahjo does not know what to do with {word!r}.", hint="ahjo --help")
            self.out += [wanted, word]
        elif word in CORE_SWITCHES or (argument and not argument.takes_value):
            self.out.append(word)
        elif argument is None and word in FOR_ANY:
            return
        elif argument is None:
            near = get_close_matches(word, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"ahjo --help {self.out[0]} lists its options."
            raise UsageError(f"{self.out[0]} has no option {word}.", hint=hint)
        else:
            self._take_values(word, rest, several=argument.kind is list)

    def _take_values(self, flag: str, rest: list[str], *, several: bool) -> None:
        if not rest or not _is_value(rest[0]):
            raise UsageError(f"{flag} needs a value.")
        self.out += [flag, rest.pop(0)]
        while several and rest and _is_value(rest[0]) and not self._is_config(rest[0]):
            self.out += [flag, rest.pop(0)]

    def _wanted(self, known: dict[str, Argument]) -> str | None:
        """The flag that a word without one is for."""
        open_ones = (flag for flag, argument in known.items() if argument.positional and flag not in self.out)
        return next(open_ones, None)

    def _is_config(self, word: str) -> bool:
        return self.config is not None and (self.cwd / Path(word).expanduser()).absolute() == self.config


def _is_value(word: str) -> bool:
    return not word.startswith("-") or word == "-" or NEGATIVE.fullmatch(word) is not None


def _flags(task: Task) -> dict[str, Argument]:  # type: ignore[type-arg]
    """The task's flags as they are typed: `--name`, `-n`, and `--no-name` for a switch that is on."""
    found: dict[str, Argument] = {}
    for argument in task.get_arguments():
        found |= {f"--{name}" if len(name) > 1 else f"-{name}": argument for name in argument.names}
        if argument.kind is bool and argument.default is True:
            found[f"--no-{argument.names[0]}"] = argument
    return found


def _loaded(directory: Path, config: Path | None, action: str | None) -> Collection:
    """The project's namespace; a config that cannot be used is the standard action's own to complain of."""
    try:
        return load(directory, config)
    except ConfigError:
        standard = load(directory, None)
        if action is None or standard.transform(action) not in standard.task_names:
            raise
        return standard


def load(directory: Path, config: Path | None) -> Collection:
    """The project's namespace: its `tasks.py` or the standard actions, with the config's action files over them."""
    sys.path.insert(0, str(directory))
    tasks = directory / "tasks.py"
    collection = _collection(_module(tasks)) if tasks.is_file() else namespace(directory=directory)
    for file in _action_files(directory, config, has_tasks=tasks.is_file()):
        for task in _tasks(_module(file)):
            home = _home(collection)
            collection.add_task(task.bound(home) if home and isinstance(task, Action) else task)
    return collection


def find_project(config: Path | None, cwd: Path) -> Path:
    """The nearest folder at or above the config that looks like a project, else the working folder."""
    start = config.parent if config else cwd
    for folder in (start, *start.parents):
        if any((folder / sign).exists() for sign in ("tasks.py", DEFAULT_ACTIONS, "alembic.ini", "database")):
            return folder
    return cwd


def _spelled(token: str) -> list[str]:
    """The long form of a token: shorts spelled out, underscores as dashes, `--name=value` in two."""
    if not token.startswith("--"):
        return [SHORT.get(token, token)]
    name, equals, value = token.partition("=")
    return [name.replace("_", "-"), *([value] if equals else [])]


def _cut(given: list[str]) -> tuple[list[str], list[str]]:
    """What stands before `--`, and what is behind it, which Invoke hands on as one text."""
    if "--" not in given:
        return given, []
    place = given.index("--")
    return given[:place], ["--", shlex.join(given[place + 1 :])]


def _project_dir(words: list[str], cwd: Path) -> tuple[Path | None, list[str]]:
    if "--project-dir" not in words:
        return None, words
    place = words.index("--project-dir")
    if place + 1 >= len(words) or not (cwd / words[place + 1]).is_dir():
        raise UsageError("--project-dir needs the path of a folder that exists.")
    return (cwd / words[place + 1]).absolute(), words[:place] + words[place + 2 :]


def _config(words: list[str]) -> tuple[str | None, list[str]]:
    """The config and the other words: `--config FILE`, or the first word behind the action that looks like one.

    A word right behind an option is the option's value, unless nothing else can be the config.
    """
    if "--config" in words:
        place = words.index("--config")
        if place + 1 >= len(words):
            raise UsageError("--config needs the path of a file.")
        return words[place + 1], words[:place] + words[place + 2 :]
    found = [
        (before.startswith("-") and before not in SWITCHES, word)
        for before, word in pairwise(words)
        if not word.startswith("-") and word.lower().endswith(CONFIG_ENDINGS)
    ]
    return (min(found, key=itemgetter(0))[1] if found else None), words


def _task(collection: Collection, name: str | None) -> Task:  # type: ignore[type-arg]
    if name is None:
        raise UsageError("Which action?", hint="ahjo list")
    wanted = collection.transform(name)
    if wanted not in collection.task_names:
        near = get_close_matches(wanted, collection.task_names, n=1)
        raise UsageError(f"There is no action {name!r}.", hint=f"Did you mean {near[0]!r}?" if near else "ahjo list")
    task: Task = collection[wanted]  # type: ignore[type-arg]
    return task


def _action_files(directory: Path, config: Path | None, *, has_tasks: bool) -> Iterator[Path]:
    if config is None:
        default = directory / DEFAULT_ACTIONS
        if default.is_file() and not has_tasks:
            yield default
        return
    from ahjo_tasks.config.loader import DEFAULT
    from ahjo_tasks.config.loader import load as load_config
    from ahjo_tasks.upgrade.predecessor import IMPORT

    loaded = load_config(config)
    named = loaded.origins["ahjo_action_files"] != DEFAULT
    for entry in loaded.settings.ahjo_action_files:
        path = directory / entry.source_file
        if path.is_file() and (named or not has_tasks):
            if not (
                has_tasks and IMPORT.search(path.read_bytes())
            ):  # tasks.py stands in its place since it was adopted
                yield path
        elif named:
            raise UsageError(f"ahjo_action_files: {path} does not exist.")


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        hint = f"Install {error.name} in the environment of ahjo."
        if (error.name or "").partition(".")[0] == "ahjo":
            hint = "It was written for the predecessor: import action and multiaction from ahjo_tasks."
        raise UsageError(f"{path}: there is no module {error.name}.", hint=hint) from error
    return module


def _collection(module: ModuleType) -> Collection:
    found = next((value for value in vars(module).values() if isinstance(value, Collection)), None)
    return found if found is not None else Collection.from_module(module)


def _tasks(module: ModuleType) -> list[Task]:  # type: ignore[type-arg]
    return [value for value in vars(module).values() if isinstance(value, Task)]


def _home(collection: Collection) -> Home | None:
    return next((task.home for task in collection.tasks.values() if isinstance(task, Action) and task.home), None)
