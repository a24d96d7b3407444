"""Running a file with Microsoft's sqlcmd, the old one or the new."""

from __future__ import annotations

import os
import secrets
import shutil
import string
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.mssql.databases import AZURE, EDITION
from ahjo_tasks.engine.plan import Step
from ahjo_tasks.errors import AhjoError, DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.engine import URL

    from ahjo_tasks.database.connection import Connection

LENGTH = 24
MARKS = "!#%+:=?@-_"
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, MARKS)


def login_name(database: str) -> str:
    """The predecessor's name for it."""
    return f"{database}_LOGIN"


def new_password() -> str:
    """A random password with letters of both cases, digits and marks, as Windows' password policy asks for."""
    while True:
        made = "".join(secrets.choice("".join(CLASSES)) for _ in range(LENGTH))
        if all(any(char in group for char in made) for group in CLASSES):
            return made


@dataclass(frozen=True, repr=False)
class LoginStep(Step):
    """Create the login, in place of an older one of the same database. The password is in no label and no repr."""

    name: str
    database: str
    password: str

    kind = "login"
    transactional = False

    @property
    def label(self) -> str:
        """The login's name."""
        return self.name

    def __repr__(self) -> str:
        return f"LoginStep({self.name!r}, {self.database!r})"

    def run(self, connection: Connection) -> int:
        """Raises AhjoError, and changes nothing, when the login belongs to another database."""
        azure = int(connection.query(EDITION)[0][0]) == AZURE
        self._remove(connection, azure=azure)
        connection.execute(self.statement(connection, azure=azure))
        return 0

    def statement(self, connection: Connection, *, azure: bool) -> str:
        """CREATE LOGIN; Azure SQL knows neither a default database nor a default language."""
        quote, literal = connection.dialect.quote, connection.dialect.quote_literal
        made = f"CREATE LOGIN {quote(self.name)} WITH PASSWORD = {literal(self.password)}"
        return made if azure else f"{made}, DEFAULT_DATABASE = {quote(self.database)}, DEFAULT_LANGUAGE = [us_english]"

    def _remove(self, connection: Connection, *, azure: bool) -> None:
        name = connection.dialect.quote_literal(self.name)
        principals = "sys.sql_logins" if azure else "sys.server_principals"
        found = connection.query(f"SELECT default_database_name FROM {principals} WHERE name = {name}")
        if not found:
            return
        owner = str(found[0][0])
        if not azure and connection.dialect.normalize_name(owner) != connection.dialect.normalize_name(self.database):
            raise AhjoError(
                f"The login {self.name} exists and its default database is {owner}; it was left alone.",
                hint="Drop it, or rename the database.",
            )
        for (session,) in connection.query(f"SELECT session_id FROM sys.dm_exec_sessions WHERE login_name = {name}"):
            connection.try_execute(f"KILL {session}")
        connection.execute(f"DROP LOGIN {connection.dialect.quote(self.name)}")


PASSWORD = "SQLCMDPASSWORD"  # noqa: S105 - the name of a variable
YES = frozenset({"yes", "true", "1"})
UNENCRYPTED = frozenset({"no", "optional", "false", "0"})
UTF_8 = "65001"
"""The code page of the file, which sqlcmd has to be told on Windows."""


@dataclass(frozen=True)
class SqlcmdStep(Step):
    """One file, run by sqlcmd against the database of `url`. The password goes by the environment."""

    path: Path
    project_path: str
    url: URL
    variables: Mapping[str, str]

    kind = "permission"
    transactional = False
    outside_transaction = "sqlcmd has a connection of its own"

    @property
    def label(self) -> str:
        """The path in the project."""
        return self.project_path

    def run(self, connection: Connection) -> int:
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
            connection.report(line)
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
