"""The worker process: load a project as the `ahjo` command does, and run actions with values from a request file."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, NoReturn

from invoke.context import Context
from invoke.exceptions import Exit, Failure
from invoke.program import Program

from ahjo_tasks.cli.project_namespace import load
from ahjo_tasks.console import Console
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.fleet.protocol import Request
from ahjo_tasks.runtime import flags
from ahjo_tasks.runtime.action import Action, MultiAction
from ahjo_tasks.runtime.confirmation import check_permission
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.error_boundary import CommandError
from ahjo_tasks.runtime.patches import install
from ahjo_tasks.utils import did_you_mean
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from invoke.collection import Collection
    from invoke.parser.argument import Argument
    from invoke.tasks import Task

    from ahjo_tasks.fleet.protocol import Call


def keywords(task: Task[Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by the names of Python parameters; a single value for a list becomes a list of one."""
    known = {str(argument.name): argument for argument in task.get_arguments()}
    named = {name.lstrip("-").replace("-", "_"): value for name, value in parameters.items()}
    return {name: _as_list(known.get(name), value) for name, value in named.items()}


def problems(task: Task[Any], parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each parameter that the action does not have, that has a wrong type, or that is missing."""
    arguments = task.get_arguments()
    known = {str(argument.name): argument for argument in arguments}
    values = keywords(task, parameters)
    for name, value in values.items():
        if name not in known:
            yield f"{task.name} has no parameter {name!r}{did_you_mean(name, known, inline=True)}"
        elif expected := _expected_type(known[name], value):
            yield f"{task.name}: {name}: expected {expected}"
    for flag in _missing(task, arguments, values):
        yield f"{task.name} needs {flag}"


def _missing(task: Task[Any], arguments: Iterable[Argument], values: Mapping[str, Any]) -> Iterator[str]:
    return task.missing_flags(values) if isinstance(task, MultiAction) else flags.missing(arguments, values)


def _as_list(argument: Argument | None, value: object) -> object:
    takes_list = argument is not None and argument.kind is list
    return [value] if takes_list and not isinstance(value, list) else value


def _expected_type(argument: Argument, value: object) -> str:
    """Return the type that the argument has, in words, when the value has another one."""
    if argument.kind is bool and not isinstance(value, bool):
        return "a boolean"
    if argument.kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        return "an integer"
    return ""


def main(path: str) -> None:
    """Run the calls of a request file, and exit with the code of the first action that fails."""
    request = Request.read(Path(path))
    if request.piped:
        follow_parent(Path(path).parent)
    install()
    try:
        collection = _load(request)
    except AhjoError as error:
        _refuse(request, error)
    if request.check:
        Preflight(request, collection).start()
        return
    for call in request.calls:
        RunAction(request, collection, call).start()
        request.answer(done=call.action)


class WorkerProgram(Program):
    """Invoke's program for one project, with the project's own invoke.yaml."""

    def __init__(self, request: Request, collection: Collection) -> None:
        super().__init__(version=__version__, namespace=collection, name="ahjo", binary="ahjo")
        self.request = request
        self.actions = collection

    def start(self) -> None:
        """Run the program. Raises SystemExit on failure."""
        core = [flag for flag, on in (("--dry", self.request.dry), ("--debug", self.request.debug)) if on]
        self.run(["ahjo", *core, "--config", str(self.request.config)])

    def create_config(self) -> None:
        """Read the project's invoke.yaml, as `inv` does."""
        super().create_config()
        self.config.set_project_location(str(self.request.directory))
        self.config.load_project()

    def parse_tasks(self) -> None:
        """Skip it: there is no command line."""

    def parse_cleanup(self) -> None:
        """Skip it: there is no option like --help."""


class RunAction(WorkerProgram):
    """One call of an action. Each has its own Invoke config, and so its own confirmation."""

    def __init__(self, request: Request, collection: Collection, call: Call) -> None:
        super().__init__(request, collection)
        self.call = call

    def execute(self) -> None:
        """Call the action with the values of the request, and answer with the reason of a failure."""
        try:
            task = _find(self.actions, self.call.action)
            self.executor_class(self.actions, self.config, self.core).execute(
                (self.actions.transform(self.call.action), keywords(task, self.call.parameters))
            )
        except BaseException as error:
            if reason := _reason(error):
                self.request.answer(error=reason)
            raise


class Preflight(WorkerProgram):
    """A check of whether the actions could be run; it runs none."""

    def execute(self) -> None:
        """Answer with every problem, the actions that would run, and what they would destroy."""
        for call in self.request.calls:
            try:
                task = _find(self.actions, call.action)
                sentences = list(problems(task, call.parameters))
                self._check_actions(task, keywords(task, call.parameters))
            except AhjoError as error:
                sentences = [_sentence(error)]
            for problem in sentences:
                self.request.answer(problem=problem)

    def _check_actions(self, task: Task[Any], values: Mapping[str, Any]) -> None:
        """Check permission and SQL files of each action that the task would run."""
        if not isinstance(task, Action):
            return
        context = ActionContext.from_invoke(Context(self.config), task.namespace_info)
        for action in task.planned_actions(context):
            ctx = context.for_namespace(action.namespace_info)
            check_permission(ctx.project, action.name, reads=action.reads)
            self.request.answer(runs=action.name)
            with suppress(AhjoError):  # of an upgrade of what another action creates first
                if phrase := action.destruction(ctx, values):
                    self.request.answer(destroys=f"{action.title(ctx, values)} {phrase}")
            for parameter in action.sql_files:
                ctx.project.files.read_named(values.get(parameter) or [], ctx.settings.scripting_variables)


def follow_parent(folder: Path) -> None:
    """Interrupt this process and its children, as by Ctrl-C, when the parent writes to our standard input, or ends.

    Actions get an empty standard input. The folder of the request is removed when the parent was killed.
    """
    parent_pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_interrupt_with, args=(parent_pipe, folder), name="ahjo parent pipe", daemon=True).start()


def _interrupt_with(parent_pipe: int, folder: Path) -> None:
    if not os.read(parent_pipe, 1):
        rmtree(folder, ignore_errors=True)
    if os.name == "posix":
        os.killpg(0, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _load(request: Request) -> Collection:
    """Return the project's actions. Raises UsageError when its Python files cannot be imported."""
    try:
        return load(request.directory, request.config)
    except AhjoError:
        raise
    except Exception as error:
        raise UsageError(f"tasks.py cannot be imported: {type(error).__name__}: {error}") from error


def _refuse(request: Request, error: AhjoError) -> NoReturn:
    if request.check:
        request.answer(problem=_sentence(error))
    else:
        request.answer(error=_relative(str(error)))
    Console().error(error)
    sys.exit(error.exit_code)


def _find(collection: Collection, name: str) -> Task[Any]:
    action = collection.transform(name)
    try:
        task: Task[Any] = collection[action]
    except (KeyError, ValueError):
        hint = did_you_mean(action, collection.task_names) or None
        raise UsageError(f"There is no action {name!r}", hint=hint) from None
    return task


def _sentence(error: AhjoError) -> str:
    """Return message, problems and hint of the error in one line."""
    parts = [str(error), *getattr(error, "problems", ()), error.hint or ""]
    return ". ".join(part.rstrip(".") for part in parts if part)


def _reason(error: BaseException) -> str:
    """Return why an action failed; empty for an interrupted one, and for an exit code without a message."""
    cause = error.__cause__ if isinstance(error, Exit) and error.__cause__ else error
    match cause:
        case KeyboardInterrupt():
            return ""
        case Exit():
            return cause.message or ""
        case SystemExit():
            return cause.code if isinstance(cause.code, str) else ""
        case Failure():
            return str(CommandError.from_failure(cause))
        case AhjoError():
            return _relative(str(cause))
    return f"{type(cause).__name__}: {cause}"


def _relative(message: str) -> str:
    """Shorten a path that the message starts with to that from the working folder."""
    return message.removeprefix(f"{Path.cwd()}{os.sep}")
