"""Python files with a project's actions that its config names, added over those of `tasks.py`."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from invoke.tasks import Task

from ahjo_tasks.errors import AhjoError, ConfigError, SourceError, UsageError
from ahjo_tasks.runtime.namespace_info import namespace_info_of
from ahjo_tasks.runtime.project import only_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from invoke.collection import Collection

DEFAULT_ACTIONS = "ahjo_actions.py"
TASKS = "tasks.py"
FUNCTION = re.compile(rb"^def (\w+)", re.MULTILINE)


def add_action_files(collection: Collection, directory: Path, config: Path | None) -> None:
    """Add the actions of the project's action files to its namespace; the last one of a name wins.

    Raises UsageError for a file that is missing, ConfigError for a config that is invalid.
    """
    info = namespace_info_of(collection)
    for file in _action_files(directory, config):
        for task in tasks_of(load_module(file)):
            if info is None:
                collection.add_task(task)
                continue
            info.add(task)
            if collection is not info.collection:  # Invoke copies the collection of a tasks.py
                collection.add_task(info.find(task.name, required_by=file.name))


def add_action_files_to_program(collection: Collection, argv: Sequence[str]) -> None:
    """Do the same for `inv`, whose config is known before its actions are; an invalid one is left to them."""
    info = namespace_info_of(collection)
    if info is None:
        return
    named = named_config(argv) or os.environ.get("INVOKE_RUNTIME_CONFIG")
    name = named or info.config or os.environ.get("AHJO_CONFIG_PATH")
    config = Path(name).expanduser().absolute() if name else only_config(info.directory, os.environ)
    if config is not None and not _may_name_files(config):
        config = None
    try:
        add_action_files(collection, info.directory, config)
    except ConfigError:
        return


def named_config(argv: Sequence[str]) -> str | None:
    """Return the file that `--config` or `-f` names, before or after the actions."""
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        if word == "--":
            break
        if word in {"--config", "-f"}:
            return following or None
        if word.startswith("--config="):
            return word.partition("=")[2]
    return None


def unread_default(directory: Path) -> str:
    """Return a warning where `ahjo_actions.py` has a function that `tasks.py` lacks: with a tasks.py it is not read."""
    tasks, actions = directory / TASKS, directory / DEFAULT_ACTIONS
    if not (tasks.is_file() and actions.is_file()) or _is_loaded(actions):
        return ""
    known = tasks.read_bytes()
    lacking = [name.decode() for name in FUNCTION.findall(actions.read_bytes()) if name not in known]
    if not lacking or b"ahjo_actions" in known:
        return ""
    return (
        f"{DEFAULT_ACTIONS} is not read beside {TASKS}, which lacks {', '.join(lacking)}: import it there, "
        f"or name it in ahjo_action_files of the config"
    )


def load_module(path: Path) -> ModuleType:
    """Import a Python file by its path. Raises UsageError or SourceError, with the line, where that fails."""
    if _is_loaded(path):  # tasks.py has imported it
        return sys.modules[path.stem]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise load_error(error, path) from error
    return module


def load_error(error: Exception, path: Path) -> AhjoError:
    """Return the error of a project's Python file that cannot be imported."""
    if isinstance(error, AhjoError):
        return error
    if isinstance(error, SyntaxError):
        place = Path(error.filename or path)
        return SourceError(f"SyntaxError: {error.msg}", path=place, line=error.lineno, column=error.offset)
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    hint = None
    if isinstance(error, ModuleNotFoundError):
        hint = f"Install {error.name} in the environment of ahjo_tasks."
        if (error.name or "").partition(".")[0] == "ahjo":
            hint = "It was written for Ahjo: run `ahjo adopt`, or import action and multiaction from ahjo_tasks."
    return SourceError(f"{type(error).__name__}: {error}", path=path, line=lines[-1] if lines else None, hint=hint)


def _is_loaded(path: Path) -> bool:
    return Path(str(getattr(sys.modules.get(path.stem), "__file__", ""))) == path


def tasks_of(module: ModuleType) -> list[Task[Any]]:
    """Return the tasks that a module has."""
    return [value for value in vars(module).values() if isinstance(value, Task)]


def _may_name_files(config: Path) -> bool:
    """Return whether a config may name action files, without the time that reading it takes."""
    if "AHJO_AHJO_ACTION_FILES" in os.environ:
        return True
    try:
        text = config.read_bytes()
    except OSError:
        return False
    return b"ahjo_action_files" in text or b"LOCAL" in text


def _action_files(directory: Path, config: Path | None) -> Iterator[Path]:
    has_tasks = (directory / TASKS).is_file()
    if config is None:
        default = directory / DEFAULT_ACTIONS
        if default.is_file() and not has_tasks:
            yield default
        return
    from ahjo_tasks.config.loader import DEFAULT, load
    from ahjo_tasks.database.dialects import is_file_based
    from ahjo_tasks.fleet.upgrade_path import IMPORT

    loaded = load(config, is_file_based=is_file_based)
    named = loaded.origins["ahjo_action_files"] != DEFAULT
    for entry in loaded.settings.ahjo_action_files:
        path = directory / entry.source_file
        if path.is_file() and (named or not has_tasks):
            adopted = has_tasks and IMPORT.search(path.read_bytes())  # tasks.py has its actions
            if not adopted:
                yield path
        elif named:
            raise UsageError(f"ahjo_action_files: {path} does not exist.")
