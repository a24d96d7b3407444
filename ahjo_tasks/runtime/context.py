"""Context of an action: Invoke's, with the project, its config, database and console."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from ahjo_tasks.console.console import has_color
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.chain import Chain, Given
from ahjo_tasks.runtime.confirmation import Confirmation, is_skipped
from ahjo_tasks.runtime.patches.config_files import clear_backend, refuse_backend, runtime_path, set_backend
from ahjo_tasks.runtime.project import Project, only_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from invoke.config import Config
    from invoke.tasks import Task

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.runtime.namespace_info import NamespaceInfo
    from ahjo_tasks.runtime.project import Backend


class Invocation:
    """The state of one command line: a project for each folder and config, what was confirmed, and what was counted."""

    def __init__(self, environ: Mapping[str, str], chain: Chain) -> None:
        from ahjo_tasks.console import RunCounts

        self.environ = environ
        self.chain = chain
        self.confirmation = Confirmation(environ, chain.anywhere)
        self.given = Given()
        self.counts = RunCounts()
        self.cli_args: Mapping[str, Any] = {}
        self.interrupted = False
        """True if Ctrl-C was pressed, or SIGTERM came, while an action ran."""
        self._owners: dict[Path, Path] = {}
        self._projects: dict[tuple[Path, Path | None], Project] = {}
        self._active: Project | None = None

    def project(self, namespace_info: NamespaceInfo | None, config: Path | None) -> Project:
        """Return the project of a namespace.

        Its config is that of `--config`, the namespace, or AHJO_CONFIG_PATH, else the only one in the project's folder.

        Raises UsageError for the config of another project.
        """
        directory = namespace_info.directory if namespace_info else Path.cwd()
        path = config or (namespace_info.config if namespace_info else None) or self._config_from_environment()
        if path is not None:
            path = self._own_config(directory, path)
        only = only_config(directory, self.environ) if path is None else None
        key = (directory, path or only)
        if key not in self._projects:
            self._projects[key] = Project(directory, path or only, self.environ, self.counts)
            self._projects[key].config_is_implied = only is not None
        return self._projects[key]

    @classmethod
    def of(cls, config: Config) -> Invocation:
        """Return the state that hangs on Invoke's config object, out of reach of its merging."""
        invocation: Invocation | None = getattr(config, "_ahjo_invocation", None)
        if invocation is None:
            invocation = cls(os.environ, Chain.of(config))
            object.__setattr__(config, "_ahjo_invocation", invocation)
        return invocation

    def enter(self, namespace_info: NamespaceInfo | None, config: Config) -> None:
        """Have `ctx.config.BACKEND` hold the settings of a namespace's project, before one of its tasks begins.

        An invalid config stops only the task that reads BACKEND, and actions.
        """
        try:
            project = self.project(namespace_info, runtime_path(config))
            _set_backend(project, config)
        except AhjoError as error:
            self._active = None
            refuse_backend(config, error)
        else:
            self._active = project

    def _own_config(self, directory: Path, named: Path) -> Path:
        """Return the project's own config of that name. Where several projects are mounted, each has one of its own.

        It is looked for in the project's folder, and then in the working folder. Raises UsageError for a file in the
        folder of a project beside it, and for any other file that another project has used in this run.
        """
        folders = {mounted.directory for mounted in self.chain.mounted}
        path = named.absolute()
        if len(folders) <= 1 or directory not in folders:
            return path
        own = [file for file in (directory / named, path) if file.is_file() and _nearest(file, folders) == directory]
        path = own[0] if own else path
        if not path.is_file():
            return path
        nearest = _nearest(path, folders)
        beside = nearest is not None and nearest.resolve() not in (directory / named.name).resolve().parents
        owner = nearest if beside else self._owners.setdefault(path.resolve(), directory)
        if owner != directory:
            raise UsageError(
                f"{named} is the config of the project in {owner}; the one in {directory} needs its own.",
                hint="Give a name that is in the folder of each project, or each its own: namespace(config=...).",
            )
        return path

    @contextmanager
    def answering(self, values: Mapping[str, Any]) -> Iterator[None]:
        """Have the flags of an action answer for what it runs, together with those of the action that runs it."""
        before = self.given
        self.given = Given.of(values).or_else(before)
        try:
            yield
        finally:
            self.given = before

    @contextmanager
    def active(self, project: Project, config: Config) -> Iterator[None]:
        """Have `ctx.config.BACKEND` hold what the project's config says, all layers applied."""
        before, self._active = self._active, project
        if project is not before:
            _set_backend(project, config)
        try:
            yield
        finally:
            if before is not None and before is not self._active:
                self._active = before
                _set_backend(before, config)

    def interrupt(self) -> None:
        """Cancel the statements that are running; called from another thread."""
        for database in self._databases():
            database.interrupt()

    def mark_interrupted(self) -> None:
        """Have the statements that are running end in KeyboardInterrupt, whatever their driver makes of it."""
        self.interrupted = True
        for database in self._databases():
            database.mark_interrupted()

    def _databases(self) -> list[Database]:
        return [project.opened for project in list(self._projects.values()) if project.opened]

    def close(self, error: BaseException | None) -> BaseException | None:
        """Close all connections; without an error what they hold is committed. Returns the first error."""
        for project in self._projects.values():
            try:
                project.close(keep=error is None)
            except Exception as late:  # noqa: BLE001 - whatever closing raises is reported, never in place of `error`
                error = error or late
        return error

    def _config_from_environment(self) -> Path | None:
        path = self.environ.get("AHJO_CONFIG_PATH")
        return Path(path).expanduser() if path else None


def _nearest(path: Path, folders: Iterable[Path]) -> Path | None:
    """Return the folder that is the nearest one above the path."""
    above = path.resolve().parents
    around = {folder: len(folder.parts) for folder in folders if folder.resolve() in above}
    return max(around, key=lambda folder: around[folder], default=None)


def _set_backend(project: Project, config: Config) -> None:
    if project.has_config:
        set_backend(config, project.effective_config.document, project.effective_config.backend)
    else:
        clear_backend(config)


INVOKE_ECHO = "\033[1;37m{command}\033[0m"
"""Invoke's format of a command that `--dry` or `--echo` prints, in bold also into a pipe."""


def enter(ctx: Context, namespace_info: NamespaceInfo | None) -> None:
    """Prepare the context of a task of this namespace, whose actions it may call."""
    ctx._set(namespace_info=namespace_info)  # noqa: SLF001 - an attribute beside the config's keys
    if ctx.config.run.echo_format == INVOKE_ECHO and not has_color(sys.stdout):
        ctx.config.run.echo_format = "{command}"
    Invocation.of(ctx.config).enter(namespace_info, ctx.config)


class ActionContext(Context):
    """Invoke's context (`ctx.run`, `ctx.config`) with the database project added to it."""

    namespace_info: NamespaceInfo | None
    project: Project
    stack: list[str]
    """The names of the running actions, the outermost first."""
    with_heading: set[Project]
    """The projects whose heading is printed."""
    passed_on: dict[Any, dict[str, Any]]
    """Flags of an override for the action that it replaces, by the body of that."""

    @classmethod
    def from_invoke(cls, ctx: Context, namespace_info: NamespaceInfo | None) -> ActionContext:
        """Return the context of an action: the same one when an action calls another of its project, else a new one.

        An action that is in no namespace works in that of the task that calls it.
        """
        if isinstance(ctx, ActionContext):
            return ctx.for_namespace(namespace_info)
        namespace_info = namespace_info or getattr(ctx, "namespace_info", None)
        return cls._create(ctx, namespace_info, stack=[], with_heading=set(), passed_on={})

    def for_namespace(self, namespace_info: NamespaceInfo | None) -> ActionContext:
        """Return this context, or that of another project whose action is a step of this one."""
        if namespace_info is None or namespace_info is self.namespace_info:
            return self
        shared = {"stack": self.stack, "with_heading": self.with_heading, "passed_on": self.passed_on}
        return self._create(self, namespace_info, **shared)

    @classmethod
    def without_project(cls, ctx: Context, namespace_info: NamespaceInfo | None) -> ActionContext:
        """Return a context in the working folder, for an action whose `--config` is no project's config."""
        stack = ctx.stack if isinstance(ctx, ActionContext) else []
        context = cls(config=ctx.config, remainder=ctx.remainder)
        project = Project(Path.cwd(), None, os.environ, context.invocation.counts)
        context._set(namespace_info=namespace_info, project=project, stack=stack, with_heading=set(), passed_on={})
        return context

    @classmethod
    def _create(cls, ctx: Context, namespace_info: NamespaceInfo | None, **shared: Any) -> ActionContext:
        context = cls(config=ctx.config, remainder=ctx.remainder)
        project = context.invocation.project(namespace_info, runtime_path(ctx.config))
        context._set(namespace_info=namespace_info, project=project, **shared)
        return context

    @property
    def invocation(self) -> Invocation:
        """The state of the command line."""
        return Invocation.of(self.config)

    @property
    def settings(self) -> Settings:
        """The validated config. Raises ConfigError when there is none, or when it is invalid."""
        return self.project.settings

    @property
    def backend(self) -> Backend:
        """The config's BACKEND section as written, with unknown keys: `ctx.backend.my_key`, `ctx.backend["x.y"]`."""
        return self.project.backend

    @property
    def database(self) -> Database:
        """The target database; it connects when it is first used."""
        return self.project.database

    @property
    def console(self) -> Console:
        """The console: `print`, `info`, `warning`, `table`."""
        return self.project.console

    @property
    def command_line(self) -> str:
        """The actions of the command line, as in `deploy data`."""
        return self.invocation.chain.command_line or " ".join(self.stack[:1])

    @property
    def confirmation(self) -> Confirmation:
        """Confirmations of the user in this run."""
        return self.invocation.confirmation

    @property
    def cli_args(self) -> Mapping[str, Any]:
        """The options of the command line that the action does not declare: lists of values, True without any."""
        return self.invocation.cli_args

    def get_cli_arg(self, name: str) -> Any:
        """Return an option of the command line that the action does not declare; None where it is not given."""
        return self.cli_args.get(name.replace("-", "_"))

    @property
    def chain(self) -> Chain:
        """The tasks of the command line."""
        return self.invocation.chain

    @property
    def given(self) -> Given:
        """Answers of the flags of the running action."""
        return self.invocation.given

    @property
    def dry_run(self) -> bool:
        """True if Invoke's `--dry` asks for a plan in place of a change."""
        return bool(self.config.run.dry)

    @property
    def debug(self) -> bool:
        """True if Invoke's `--debug` asks for tracebacks."""
        import logging

        return logging.getLogger("invoke").isEnabledFor(logging.DEBUG)

    @property
    def inside_action(self) -> bool:
        """True if an action is running already."""
        return bool(self.stack)

    def label(self, name: str) -> str:
        """Return an action's name as on the command line, as in `stock.deploy`."""
        return self.chain.label(self.namespace_info, name)

    def start(self, task: Task[Any]) -> None:
        """Begin the task of a chain. Raises UsageError where a later one would run on the config of another project."""
        self.invocation.cli_args = self.chain.start(task)
        for link in self.chain.remaining:
            if getattr(link.task, "uses_project", False):
                self.for_namespace(getattr(link.task, "namespace_info", None))

    @contextmanager
    def answering(self, values: Mapping[str, Any]) -> Iterator[None]:
        """Have the flags of an action answer for what it runs; a single task of a chain has the core flags, too."""
        given = Given.of(values) if self.inside_action else Given.of(values).or_else(self.chain.own)
        with self.invocation.answering(given._asdict()):
            yield

    def skips(self, name: str) -> bool:
        """Return whether the config skips the action."""
        return is_skipped(self.project, name)

    def print_heading(self, action: str | None = None) -> None:
        """Print action, server, database and login, once for each outermost action; by default with its name."""
        if self.project in self.with_heading:
            return
        self.with_heading.add(self.project)
        facts = {"": self.project.target, "environment": self.settings.environment or "", "login": self.database.login}
        self.console.heading(action or self.label(self.stack[0]), facts if self.settings.display_db_info else {})

    @contextmanager
    def running(self, name: str, *, with_config: bool = True) -> Iterator[None]:
        """Hold `name` on the stack of running actions, print its heading as a step, and fill `ctx.config.BACKEND`."""
        if self.stack and self.stack[-1] != name:
            several = len(self.with_heading) > 1
            label = self.label(name)
            self.console.step_heading(f"{label} {self.project.target}" if several else label)
        self.stack.append(name)
        try:
            with self.invocation.active(self.project, self.config) if with_config else nullcontext():
                yield
        finally:
            self.stack.pop()

    def finish(self, error: BaseException | None) -> BaseException | None:
        """Close what the outermost action opened. Returns the error to report, which is the first one."""
        return self.invocation.close(error)
