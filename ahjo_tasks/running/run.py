"""What one command line shares between its actions."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.config.invoke_files import show
from ahjo_tasks.console import Tally
from ahjo_tasks.running.consent import Consent
from ahjo_tasks.running.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from invoke.config import Config

    from ahjo_tasks.running.home import Home
    from ahjo_tasks.session import Session


class Run:
    """The workspaces that a chain of actions works in, one for each project and config, and what was confirmed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.consent = Consent(environ)
        self.tally = Tally()
        self._workspaces: dict[tuple[Path, Path | None], Workspace] = {}
        self._shown: Workspace | None = None

    def workspace(self, home: Home | None, named: Path | None) -> Workspace:
        """The workspace of a project: `--config` first, then the namespace's own config, then AHJO_CONFIG_PATH."""
        directory = home.directory if home else Path.cwd()
        config = named.absolute() if named else (home.config if home else None) or self._from_environment()
        key = (directory, config)
        if key not in self._workspaces:
            self._workspaces[key] = Workspace(directory, config, self.environ, self.tally)
        return self._workspaces[key]

    @contextmanager
    def shown(self, workspace: Workspace, config: Config) -> Iterator[None]:
        """Have `ctx.config.BACKEND` hold what the workspace's config says, overlays included."""
        before, self._shown = self._shown, workspace
        if workspace is not before:
            _show(workspace, config)
        try:
            yield
        finally:
            if before is not None and before is not self._shown:
                self._shown = before
                _show(before, config)

    def interrupt(self) -> None:
        """End the statements that are running; called from another thread."""
        for session in self._sessions():
            session.interrupt()

    def mark_interrupted(self) -> None:
        """Have the statements that are running end in KeyboardInterrupt, whatever their driver makes of it."""
        for session in self._sessions():
            session.mark_interrupted()

    def _sessions(self) -> list[Session]:
        return [workspace.opened for workspace in list(self._workspaces.values()) if workspace.opened]

    def close(self, error: BaseException | None) -> BaseException | None:
        """End all connections; without an error what they hold is committed. Returns the first error."""
        for workspace in self._workspaces.values():
            try:
                workspace.close(keep=error is None)
            except Exception as late:  # noqa: BLE001 - whatever closing raises is reported, never in place of `error`
                error = error or late
        return error

    def _from_environment(self) -> Path | None:
        path = self.environ.get("AHJO_CONFIG_PATH")
        return Path(path).expanduser().absolute() if path else None


def _show(workspace: Workspace, config: Config) -> None:
    if workspace.has_config:
        show(config, workspace.loaded.backend)
