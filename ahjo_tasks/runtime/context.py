"""What an action receives: Invoke's context, and the project, config, session and console with it."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from ahjo_tasks.console import Tally
from ahjo_tasks.runtime.confirmation import Confirmation, skips
from ahjo_tasks.runtime.patches.config_files import runtime_path, show
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from invoke.config import Config

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.runtime.namespace_info import NamespaceInfo


class Invocation:
    """The workspaces that a chain of actions works in, one for each project and config, and what was confirmed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.confirmation = Confirmation(environ)
        self.tally = Tally()
        self._projects: dict[tuple[Path, Path | None], Project] = {}
        self._shown: Project | None = None

    def project(self, namespace_info: NamespaceInfo | None, named: Path | None) -> Project:
        """The workspace of a project: `--config` first, then the namespace's own config, then AHJO_CONFIG_PATH."""
        directory = namespace_info.directory if namespace_info else Path.cwd()
        config = (
            named.absolute()
            if named
            else (namespace_info.config if namespace_info else None) or self._from_environment()
        )
        key = (directory, config)
        if key not in self._projects:
            self._projects[key] = Project(directory, config, self.environ, self.tally)
        return self._projects[key]

    @contextmanager
    def shown(self, project: Project, config: Config) -> Iterator[None]:
        """Have `ctx.config.BACKEND` hold what the workspace's config says, overlays included."""
        before, self._shown = self._shown, project
        if project is not before:
            _show(project, config)
        try:
            yield
        finally:
            if before is not None and before is not self._shown:
                self._shown = before
                _show(before, config)

    def interrupt(self) -> None:
        """End the statements that are running; called from another thread."""
        for database in self._databases():
            database.interrupt()

    def mark_interrupted(self) -> None:
        """Have the statements that are running end in KeyboardInterrupt, whatever their driver makes of it."""
        for database in self._databases():
            database.mark_interrupted()

    def _databases(self) -> list[Database]:
        return [project.opened for project in list(self._projects.values()) if project.opened]

    def close(self, error: BaseException | None) -> BaseException | None:
        """End all connections; without an error what they hold is committed. Returns the first error."""
        for project in self._projects.values():
            try:
                project.close(keep=error is None)
            except Exception as late:  # noqa: BLE001 - whatever closing raises is reported, never in place of `error`
                error = error or late
        return error

    def _from_environment(self) -> Path | None:
        path = self.environ.get("AHJO_CONFIG_PATH")
        return Path(path).expanduser().absolute() if path else None


def _show(project: Project, config: Config) -> None:
    if project.has_config:
        show(config, project.loaded.backend)


class ActionContext(Context):
    """Invoke's context (`ctx.run`, `ctx.config`) with the database project beside it."""

    namespace_info: NamespaceInfo | None
    project: Project
    stack: list[str]
    announced: set[Project]

    @classmethod
    def of(cls, ctx: Context, namespace_info: NamespaceInfo | None) -> ActionContext:
        """The context itself when an action calls another of its project, else a new one."""
        if isinstance(ctx, ActionContext):
            return ctx.within(namespace_info)
        return cls._made(ctx, namespace_info, stack=[], announced=set())

    def within(self, namespace_info: NamespaceInfo | None) -> ActionContext:
        """This context, or that of another project whose action is a step of this one."""
        if namespace_info is None or namespace_info is self.namespace_info:
            return self
        return self._made(self, namespace_info, stack=self.stack, announced=self.announced)

    @classmethod
    def _made(cls, ctx: Context, namespace_info: NamespaceInfo | None, **shared: Any) -> ActionContext:
        made = cls(config=ctx.config, remainder=ctx.remainder)
        made._set(
            namespace_info=namespace_info,
            project=made.invocation.project(namespace_info, runtime_path(ctx.config)),
            **shared,
        )
        return made

    @property
    def invocation(self) -> Invocation:
        """What one command line shares; it rides along Invoke's config object, out of reach of its merging."""
        run: Invocation | None = getattr(self.config, "_ahjo_run", None)
        if run is None:
            run = Invocation(os.environ)
            object.__setattr__(self.config, "_ahjo_run", run)
        return run

    @property
    def settings(self) -> Settings:
        """The validated config. Raises ConfigError when there is none, or when it is wrong."""
        return self.project.settings

    @property
    def backend(self) -> Any:
        """The config's BACKEND section as written, unknown keys included: `ctx.backend.my_key`."""
        return self.project.backend

    @property
    def database(self) -> Database:
        """The way to the target database; it connects when it is first used."""
        return self.project.database

    @property
    def console(self) -> Console:
        """Where words for the user go."""
        return self.project.console

    @property
    def confirmation(self) -> Confirmation:
        """What the user has confirmed in this run."""
        return self.invocation.confirmation

    @property
    def dry_run(self) -> bool:
        """Whether Invoke's `--dry` asks for a plan in place of a change."""
        return bool(self.config.run.dry)

    @property
    def debug(self) -> bool:
        """Whether Invoke's `--debug` asks for tracebacks."""
        import logging

        return logging.getLogger("invoke").isEnabledFor(logging.DEBUG)

    @property
    def inside_action(self) -> bool:
        """Whether an action is being performed already."""
        return bool(self.stack)

    def skips(self, name: str) -> bool:
        """Whether the config skips the action."""
        return skips(self.project, name)

    def announce(self, action: str) -> None:
        """Say, once for each outermost action, which server, database and login it works on."""
        if self.project in self.announced:
            return
        self.announced.add(self.project)
        facts = {"": self.project.target, "environment": self.settings.environment or "", "login": self.database.login}
        self.console.heading(action, facts if self.settings.display_db_info else {})

    @contextmanager
    def performing(self, name: str, *, with_config: bool = True) -> Iterator[None]:
        """Hold `name` on the stack of running actions, head what it prints, and fill `ctx.config.BACKEND`."""
        if self.stack and self.stack[-1] != name:
            several = len(self.announced) > 1
            self.console.step_heading(f"{name} {self.project.target}" if several else name)
        self.stack.append(name)
        try:
            with self.invocation.shown(self.project, self.config) if with_config else nullcontext():
                yield
        finally:
            self.stack.pop()

    def finish(self, error: BaseException | None) -> BaseException | None:
        """Close what the outermost action opened; the error to report is the first one."""
        return self.invocation.close(error)
