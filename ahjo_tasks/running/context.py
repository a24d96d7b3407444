"""What an action receives: Invoke's context, and the project, config, session and console with it."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from ahjo_tasks.config.invoke_files import runtime_path
from ahjo_tasks.running.permission import skips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console
    from ahjo_tasks.running.consent import Consent
    from ahjo_tasks.running.home import Home
    from ahjo_tasks.running.run import Run
    from ahjo_tasks.running.workspace import Workspace
    from ahjo_tasks.session import Session


class ActionContext(Context):
    """Invoke's context (`ctx.run`, `ctx.config`) with the database project beside it."""

    home: Home | None
    workspace: Workspace
    stack: list[str]
    announced: set[Workspace]

    @classmethod
    def of(cls, ctx: Context, home: Home | None) -> ActionContext:
        """The context itself when an action calls another of its project, else a new one."""
        if isinstance(ctx, ActionContext):
            return ctx.within(home)
        return cls._made(ctx, home, stack=[], announced=set())

    def within(self, home: Home | None) -> ActionContext:
        """This context, or that of another project whose action is a step of this one."""
        if home is None or home is self.home:
            return self
        return self._made(self, home, stack=self.stack, announced=self.announced)

    @classmethod
    def _made(cls, ctx: Context, home: Home | None, **shared: Any) -> ActionContext:
        made = cls(config=ctx.config, remainder=ctx.remainder)
        made._set(home=home, workspace=made.run_state.workspace(home, runtime_path(ctx.config)), **shared)
        return made

    @property
    def run_state(self) -> Run:
        """What one command line shares; it rides along Invoke's config object, out of reach of its merging."""
        run: Run | None = getattr(self.config, "_ahjo_run", None)
        if run is None:
            from ahjo_tasks.running.run import Run

            run = Run(os.environ)
            object.__setattr__(self.config, "_ahjo_run", run)
        return run

    @property
    def settings(self) -> Settings:
        """The validated config. Raises ConfigError when there is none, or when it is wrong."""
        return self.workspace.settings

    @property
    def backend(self) -> Any:
        """The config's BACKEND section as written, unknown keys included: `ctx.backend.my_key`."""
        return self.workspace.backend

    @property
    def session(self) -> Session:
        """The way to the target database; it connects when it is first used."""
        return self.workspace.session

    @property
    def console(self) -> Console:
        """Where words for the user go."""
        return self.workspace.console

    @property
    def consent(self) -> Consent:
        """What the user has confirmed in this run."""
        return self.run_state.consent

    @property
    def dry(self) -> bool:
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
        return skips(self, name)

    def announce(self, action: str) -> None:
        """Say, once for each outermost action, which server, database and login it works on."""
        if self.workspace in self.announced:
            return
        self.announced.add(self.workspace)
        facts = {"": self.workspace.target, "environment": self.settings.environment or "", "login": self.session.login}
        self.console.heading(action, facts if self.settings.display_db_info else {})

    @contextmanager
    def performing(self, name: str, *, with_config: bool = True) -> Iterator[None]:
        """Hold `name` on the stack of running actions, head what it prints, and fill `ctx.config.BACKEND`."""
        if self.stack and self.stack[-1] != name:
            several = len(self.announced) > 1
            self.console.step_heading(f"{name} {self.workspace.target}" if several else name)
        self.stack.append(name)
        try:
            with self.run_state.shown(self.workspace, self.config) if with_config else nullcontext():
                yield
        finally:
            self.stack.pop()

    def finish(self, error: BaseException | None) -> BaseException | None:
        """Close what the outermost action opened; the error to report is the first one."""
        return self.run_state.close(error)
