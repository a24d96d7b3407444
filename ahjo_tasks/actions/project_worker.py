"""Calls of a project's actions in a worker: load the project as the `ahjo` command does, and check or run them."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit, Failure
from invoke.program import Program

from ahjo_tasks.actions.project_namespace import load
from ahjo_tasks.console import Console
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.fleet.calls import Findings
from ahjo_tasks.fleet.outcome import FAILED, STOPPED, Outcome
from ahjo_tasks.fleet.stops import switch
from ahjo_tasks.fleet.worker import OUTPUT
from ahjo_tasks.runtime import flags
from ahjo_tasks.runtime.action import Action, MultiAction
from ahjo_tasks.runtime.confirmation import check_permission
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.error_boundary import CommandError
from ahjo_tasks.runtime.patches import install
from ahjo_tasks.utils import did_you_mean
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from invoke.collection import Collection
    from invoke.parser.argument import Argument
    from invoke.tasks import Task

    from ahjo_tasks.fleet.calls import Call, Request

DONE = "ok"


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


def run_calls(request: Request) -> Generator[str, None, Outcome]:
    """Run the actions one after another. Yields each as it begins, and returns what became of all."""
    switch().call_when_on(_interrupt)
    try:
        actions = _enter(request)
    except AhjoError as error:
        Console().error(error)
        return _failure(request, 0, error.exit_code, _relative(str(error)))
    for number, call in enumerate(request.calls):
        yield str(call)
        running = RunAction(request, actions, call)
        code = running.exit_code()
        if code:
            return _failure(request, number, code, running.reason)
    return Outcome(request.name, DONE)


def _failure(request: Request, done: int, code: int, reason: str) -> Outcome:
    exit_text = f"exit code {code}"
    error = {"done": done, "message": reason, "exit": exit_text}
    text = f"{request.calls[done]}: {reason or exit_text}"
    return Outcome(request.name, STOPPED if switch().is_on() else FAILED, AhjoError.exit_code, text, error=error)


def check_calls(request: Request) -> Findings:
    """Find out whether the actions could run; none of them does."""
    try:
        checked = Preflight(request, _enter(request))
    except AhjoError as error:
        return Findings((_sentence(error),))
    code = checked.exit_code()
    if code and not checked.problems:
        sys.exit(code)  # what was printed says why
    return Findings(tuple(checked.problems), tuple(dict.fromkeys(checked.destroys)), frozenset(checked.runs))


def _enter(request: Request) -> Collection:
    """Make this process the one of the project, for good, and return its actions. Raises AhjoError."""
    os.environ.clear()
    os.environ.update({**request.environ, **OUTPUT})
    os.chdir(request.directory)
    install()
    return _load(request)


def _interrupt() -> None:
    """Interrupt this process, and what its actions have started, as Ctrl-C does."""
    if os.name == "posix":
        os.kill(0 if os.getpgid(0) == os.getpid() else os.getpid(), signal.SIGINT)  # 0 means the process group
    else:
        signal.raise_signal(signal.SIGINT)


class WorkerProgram(Program):
    """Invoke's program for one project, with the project's own invoke.yaml."""

    def __init__(self, request: Request, collection: Collection) -> None:
        super().__init__(version=__version__, namespace=collection, name="ahjo", binary="ahjo")
        self.request = request
        self.actions = collection

    def exit_code(self) -> int:
        """Run the program, and return the code that it would exit with."""
        core = [flag for flag, on in (("--dry", self.request.dry), ("--debug", self.request.debug)) if on]
        try:
            self.run(["ahjo", *core, "--config", str(self.request.config)])
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0

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
        self.reason = ""

    def execute(self) -> None:
        """Call the action with the values of the request, and keep the reason of a failure."""
        try:
            task = _find(self.actions, self.call.action)
            self.executor_class(self.actions, self.config, self.core).execute(
                (self.actions.transform(self.call.action), keywords(task, self.call.parameters))
            )
        except BaseException as error:
            self.reason = _reason(error)
            raise


class Preflight(WorkerProgram):
    """A check of whether the actions could be run; it runs none."""

    def __init__(self, request: Request, collection: Collection) -> None:
        super().__init__(request, collection)
        self.problems: list[str] = []
        self.destroys: list[str] = []
        self.runs: set[str] = set()

    def execute(self) -> None:
        """Find every problem, the actions that would run, and what they would destroy."""
        for call in self.request.calls:
            try:
                task = _find(self.actions, call.action)
                sentences = list(problems(task, call.parameters))
                self._check_actions(task, keywords(task, call.parameters))
            except AhjoError as error:
                sentences = [_sentence(error)]
            self.problems += sentences

    def _check_actions(self, task: Task[Any], values: Mapping[str, Any]) -> None:
        """Check permission and SQL files of each action that the task would run."""
        if not isinstance(task, Action):
            return
        context = ActionContext.from_invoke(Context(self.config), task.namespace_info)
        for action in task.planned_actions(context):
            ctx = context.for_namespace(action.namespace_info)
            check_permission(ctx.project, action.name, reads=action.reads)
            self.runs.add(action.name)
            with suppress(AhjoError):  # of an upgrade of what another action creates first
                if phrase := action.destruction(ctx, values):
                    self.destroys.append(f"{action.title(ctx, values)} {phrase}")
            for parameter in action.sql_files:
                ctx.project.files.read_named(values.get(parameter) or [], ctx.settings.scripting_variables)


def _load(request: Request) -> Collection:
    """Return the project's actions. Raises UsageError when its Python files cannot be imported."""
    try:
        return load(request.directory, request.config)
    except AhjoError:
        raise
    except Exception as error:
        raise UsageError(f"tasks.py cannot be imported: {type(error).__name__}: {error}") from error


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
