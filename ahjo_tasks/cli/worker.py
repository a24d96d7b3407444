"""The worker itself: loads a project as the `ahjo` command does, and runs actions with values in place of words."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.program import Program

from ahjo_tasks.cli.project_namespace import load
from ahjo_tasks.console import Console
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.fleet.protocol import write_answer
from ahjo_tasks.runtime import flags
from ahjo_tasks.runtime.action import Action, MultiAction
from ahjo_tasks.runtime.confirmation import check_permission
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.patches.config_files import teach
from ahjo_tasks.utils import did_you_mean
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from invoke.collection import Collection
    from invoke.parser.argument import Argument
    from invoke.tasks import Task


def keywords(task: Task, parameters: Mapping[str, Any]) -> dict[str, Any]:  # type: ignore[type-arg]
    """The values by the names of Python; one value for a parameter that takes several is a list of one."""
    known = {str(argument.name): argument for argument in task.get_arguments()}
    named = {name.lstrip("-").replace("-", "_"): value for name, value in parameters.items()}
    return {name: _as_wanted(known.get(name), value) for name, value in named.items()}


def problems(task: Task, parameters: Mapping[str, Any]) -> Iterator[str]:  # type: ignore[type-arg]
    """A sentence for each parameter that the action does not have, cannot take, or lacks."""
    arguments = task.get_arguments()
    known = {str(argument.name): argument for argument in arguments}
    values = keywords(task, parameters)
    for name, value in values.items():
        if name not in known:
            yield f"{task.name} has no parameter {name!r}{did_you_mean(name, known, inline=True)}"
        elif unfit := _unfit(known[name], value):
            yield f"{task.name}: {name}: expected {unfit}"
    for flag in _missing(task, arguments, values):
        yield f"{task.name} needs {flag}"


def _missing(task: Task, arguments: Iterable[Argument], values: Mapping[str, Any]) -> Iterator[str]:  # type: ignore[type-arg]
    return task.lacks(values) if isinstance(task, MultiAction) else flags.missing(arguments, values)


def _as_wanted(argument: Argument | None, value: object) -> object:
    wants_list = argument is not None and argument.kind is list
    return [value] if wants_list and not isinstance(value, list) else value


def _unfit(argument: Argument, value: object) -> str:
    if argument.kind is bool and not isinstance(value, bool):
        return "true or false"
    if argument.kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        return "an integer"
    return ""


def main(path: str) -> None:
    """Do what the request in the file asks, and leave with the exit code of the first action that fails."""
    request = json.loads(Path(path).read_text("utf-8"))
    if request["held"]:
        follow_parent(Path(path).parent)
    teach()
    try:
        collection = _load(request)
    except AhjoError as error:
        _refuse(request, error)
    if request["check"]:
        Check(request, collection).start()
        return
    for name, parameters in request["calls"]:
        Once(request, collection, name, parameters).start()
        write_answer(request["answers"], {"done": name})


class Front(Program):
    """Invoke's program for one project, with the project's own settings of Invoke."""

    def __init__(self, request: dict[str, Any], collection: Collection) -> None:
        super().__init__(version=__version__, namespace=collection, name="ahjo", binary="ahjo")
        self.request = request
        self.actions = collection

    def start(self) -> None:
        """Run; a failure leaves by SystemExit."""
        self.run(["ahjo", *self.request["core"], "--config", self.request["config"]])

    def create_config(self) -> None:
        """Read the project's invoke.yaml, as `inv` does."""
        super().create_config()
        self.config.set_project_location(self.request["directory"])
        self.config.load_project()

    def parse_tasks(self) -> None:
        """There are no words to parse."""

    def parse_cleanup(self) -> None:
        """Nobody asks for help here."""


class Once(Front):
    """One action, once. Each has an Invoke config of its own, and so asks for itself where anybody asks."""

    def __init__(self, request: dict[str, Any], collection: Collection, name: str, parameters: dict[str, Any]) -> None:
        super().__init__(request, collection)
        self.call = name, parameters

    def execute(self) -> None:
        """Call the action with the values as they are."""
        name, parameters = self.call
        task = _find(self.actions, name)
        self.executor_class(self.actions, self.config, self.core).execute(
            (self.actions.transform(name), keywords(task, parameters))
        )


class Check(Front):
    """Finds out whether the actions could be run, and runs none."""

    def execute(self) -> None:
        """Write down every problem, what would run, and whether a database would be created anew."""
        for name, parameters in self.request["calls"]:
            try:
                task = _find(self.actions, name)
                found = list(problems(task, parameters))
                self._look_inside(task, keywords(task, parameters))
            except AhjoError as error:
                found = [_told(error)]
            for problem in found:
                write_answer(self.request["answers"], {"problem": problem})

    def _look_inside(self, task: Task, values: Mapping[str, Any]) -> None:  # type: ignore[type-arg]
        for member, ctx in self._family(task):
            check_permission(ctx.project, member.name)
            write_answer(self.request["answers"], {"runs": member.name, "destroys": member.destroys_database})
            for parameter in member.sql_files:
                ctx.project.files.read_named(values.get(parameter) or [], ctx.settings.scripting_variables)

    def _family(self, task: Task) -> Iterator[tuple[Action, ActionContext]]:  # type: ignore[type-arg]
        if isinstance(task, Action):
            ctx = ActionContext.of(Context(self.config), task.namespace_info)
            yield from ((member, ctx.within(member.namespace_info)) for member in task.family(ctx))


def follow_parent(folder: Path) -> None:
    """Interrupt this process, and what it started, as by Ctrl-C, when the parent says so through our input, or ends.

    The actions find their standard input empty. A parent that was killed leaves the folder of the request behind.
    """
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_wait, args=(lifeline, folder), name="ahjo lifeline", daemon=True).start()


def _wait(lifeline: int, folder: Path) -> None:
    if not os.read(lifeline, 1):
        rmtree(folder, ignore_errors=True)
    if os.name == "posix":
        os.killpg(0, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _load(request: dict[str, Any]) -> Collection:
    """The project's actions. Raises UsageError when its Python files cannot be imported."""
    try:
        return load(Path(request["directory"]), Path(request["config"]))
    except AhjoError:
        raise
    except Exception as error:
        raise UsageError(f"tasks.py cannot be imported: {type(error).__name__}: {error}") from error


def _refuse(request: dict[str, Any], error: AhjoError) -> None:
    if request["check"]:
        write_answer(request["answers"], {"problem": _told(error)})
    Console().error(error)
    sys.exit(error.exit_code)


def _find(collection: Collection, name: str) -> Task:  # type: ignore[type-arg]
    wanted = collection.transform(name)
    try:
        task: Task = collection[wanted]  # type: ignore[type-arg]
    except (KeyError, ValueError):
        hint = did_you_mean(wanted, collection.task_names) or None
        raise UsageError(f"There is no action {name!r}", hint=hint) from None
    return task


def _told(error: AhjoError) -> str:
    told = [str(error), *getattr(error, "problems", ()), error.hint or ""]
    return ". ".join(part.rstrip(".") for part in told if part)
