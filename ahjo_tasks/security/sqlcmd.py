"""Running a file with Microsoft's sqlcmd, the old one or the new."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.engine import URL

    from ahjo_tasks.door import Door

PASSWORD = "SQLCMDPASSWORD"  # noqa: S105 - the name of a variable
YES = frozenset({"yes", "true", "1"})
UNENCRYPTED = frozenset({"no", "optional", "false", "0"})
UTF_8 = "65001"
"""The code page of the file, which sqlcmd has to be told on Windows."""


@dataclass(frozen=True)
class SqlcmdStep:
    """One file, run by sqlcmd against the database of `url`. The password goes by the environment."""

    path: Path
    label: str
    url: URL
    variables: Mapping[str, str]

    kind = "permission"
    transactional = False
    single_call = False
    note = "outside of a transaction: sqlcmd has a connection of its own"

    def run(self, door: Door) -> int:
        """Raises DeployError with what sqlcmd said when it fails; what it had run by then stays."""
        done = subprocess.run(  # noqa: S603 - the program is found on PATH, its arguments are a list
            self.command(program()),
            env=self.environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        failed = done.returncode != 0
        for line in [*done.stdout.splitlines(), *([] if failed else done.stderr.splitlines())]:
            door.on_message(line)
        if failed:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            message = " ".join(said[:2]) if said else f"sqlcmd ended with {done.returncode}"
            raise DeployError(message, path=self.path, details=tuple(said[2:]))
        return 0

    def command(self, executable: str) -> list[str]:
        """The command line; no secret is in it."""
        port = self.url.port or self._query("port")
        server = f"{self.url.host},{port}" if port else str(self.url.host)
        given = [f"{name}={value}" for name, value in self.variables.items()]
        variables = ["-v", *given] if given else []
        return [
            executable,
            *("-S", server, "-d", str(self.url.database), *self._login(), *self._trust()),
            *("-b", "-I", "-r0", *(["-f", UTF_8] if os.name == "nt" else []), "-i", str(self.path), *variables),
        ]

    def _login(self) -> list[str]:
        name = ["-U", self.url.username] if self.url.username else []
        if self._query("authentication"):
            return ["-G", *name]
        return name or ["-E"]

    def _trust(self) -> list[str]:
        """Newer ones encrypt by default: whoever asks for no encryption does not ask for a certificate either."""
        trusted = str(self._query("TrustServerCertificate")).lower() in YES
        return ["-C"] if trusted or str(self._query("Encrypt")).lower() in UNENCRYPTED else []

    def environment(self) -> dict[str, str]:
        """This process's environment, with the password."""
        return {**os.environ, PASSWORD: str(self.url.password)} if self.url.password else dict(os.environ)

    def _query(self, name: str) -> object:
        return next((value for key, value in self.url.query.items() if key.lower() == name.lower()), None)


def program() -> str:
    """The path of sqlcmd. Raises AhjoError when it is not installed."""
    found = shutil.which("sqlcmd")
    if found is None:
        raise AhjoError("sqlcmd is not on PATH.", hint="Install it, or set db_permission_invoke_method: sqlalchemy.")
    return found
