"""What one command line shares between its actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.consent import Consent
from ahjo_tasks.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.home import Home


class Run:
    """The workspaces that a chain of actions works in, one for each project and config, and what was confirmed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.consent = Consent(environ)
        self._workspaces: dict[tuple[Path, Path | None], Workspace] = {}

    def workspace(self, home: Home | None, named: Path | None) -> Workspace:
        """The workspace of a project: `--config` first, then the namespace's own config, then AHJO_CONFIG_PATH."""
        directory = home.directory if home else Path.cwd()
        config = named or (home.config if home else None) or self._from_environment()
        key = (directory, config)
        if key not in self._workspaces:
            self._workspaces[key] = Workspace(directory, config, self.environ)
        return self._workspaces[key]

    def _from_environment(self) -> Path | None:
        path = self.environ.get("AHJO_CONFIG_PATH")
        return Path(path).absolute() if path else None
