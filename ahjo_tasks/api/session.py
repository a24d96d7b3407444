"""One run over the database of a project: what it works on, and whom it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console import Console
    from ahjo_tasks.console.reporter import Reporter
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.events import Event, FileTested, StepEvent
    from ahjo_tasks.runtime.project import Project


class Session:
    """A project, the receiver of the events of a run on it, and the hooks that are called in it.

    Hooks get this session, or `context` in its place, as their first argument.
    """

    def __init__(
        self,
        project: Project,
        observer: Callable[[Event], None],
        *,
        actions: str,
        hooks: Mapping[str, Any] | None = None,
        context: object = None,
    ) -> None:
        self.project = project
        self.actions = actions
        """The names of the actions, for the history."""
        self.steps: list[StepEvent] = []
        """The steps that ended, in order."""
        self.tests: list[FileTested] = []
        """The files of tests that were run."""
        self.begun = False
        """True if the begin of the run was told."""
        self.emit = observer
        self._hooks = hooks or {}
        self._context = context or self

    @property
    def settings(self) -> Settings:
        """The validated config."""
        return self.project.settings

    @property
    def database(self) -> Database:
        """The target database; it connects when it is first used."""
        return self.project.database

    @property
    def console(self) -> Reporter | Console:
        """The receiver of notes and warnings: `info`, `warning`."""
        return self.project.reporter

    def conceal(self, text: str) -> str:
        """Return the text with `***` in place of each secret."""
        return self.project.reporter.masked(text)

    def call_hook(self, name: str, *values: Any) -> None:
        """Call the hook of this name, if the project has one; of those by kind the one for the step's kind."""
        hook = self._hooks.get(name)
        if isinstance(hook, Mapping):
            hook = hook.get(values[-1].kind)
        if hook is not None:
            hook(self._context, *values)
