"""Steps for the security of SQL Server: create the login of a database, and run permission files with sqlcmd."""

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


PASSWORD_LENGTH = 24
PUNCTUATION = "!#%+:=?@-_"
CHARACTER_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, PUNCTUATION)


def login_name(database: str) -> str:
    """The name of a database's login, as Ahjo forms it."""
    return f"{database}_LOGIN"


def new_password() -> str:
    """Return a random password that meets Windows' policy: letters of both cases, digits and punctuation."""
    while True:
        password = "".join(secrets.choice("".join(CHARACTER_CLASSES)) for _ in range(PASSWORD_LENGTH))
        if all(any(char in group for char in password) for group in CHARACTER_CLASSES):
            return password


@dataclass(frozen=True, repr=False)
class LoginStep(Step):
    """Create the login, or give the one of the same database a new password, which keeps the users made for it.

    The password is in no label and no repr.
    """

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
        """Create or alter the login. Raises AhjoError, and changes nothing, if it belongs to another database."""
        azure = int(connection.query(EDITION)[0][0]) == AZURE
        verb = "ALTER" if self._exists(connection, azure=azure) else "CREATE"
        connection.execute(self.statement(connection, verb, azure=azure))
        return 0

    def statement(self, connection: Connection, verb: str, *, azure: bool) -> str:
        """Return CREATE or ALTER LOGIN; Azure SQL has neither a default database nor a default language.

        A login that is dropped and created again gets another SID, and the users made for the old one cannot log in.
        """
        quote, literal = connection.dialect.quote, connection.dialect.quote_literal
        text = f"{verb} LOGIN {quote(self.name)} WITH PASSWORD = {literal(self.password)}"
        return text if azure else f"{text}, DEFAULT_DATABASE = {quote(self.database)}, DEFAULT_LANGUAGE = [us_english]"

    def _exists(self, connection: Connection, *, azure: bool) -> bool:
        """True if the login exists. Raises AhjoError if it belongs to another database."""
        name = connection.dialect.quote_literal(self.name)
        principals = "sys.sql_logins" if azure else "sys.server_principals"
        rows = connection.query(f"SELECT default_database_name FROM {principals} WHERE name = {name}")
        if not rows:
            return False
        owner = str(rows[0][0])
        if not azure and connection.dialect.normalize_name(owner) != connection.dialect.normalize_name(self.database):
            raise AhjoError(
                f"The login {self.name} exists and its default database is {owner}; it was left alone.",
                hint="Drop it, or rename the database.",
            )
        return True


PASSWORD_VARIABLE = "SQLCMDPASSWORD"  # noqa: S105 - the name of a variable
YES = frozenset({"yes", "true", "1"})
UNENCRYPTED = frozenset({"no", "optional", "false", "0"})
UTF_8 = "65001"
"""The code page of the file, which sqlcmd does not detect on Windows."""


@dataclass(frozen=True)
class SqlcmdStep(Step):
    """One file, run by sqlcmd against the database of `url`. The password is passed in the environment."""

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
        """Run sqlcmd. Raises DeployError with its output if it fails; the statements that it ran before stay."""
        process = subprocess.run(  # noqa: S603 - the program comes from PATH, its arguments are a list
            self.command(find_sqlcmd()),
            env=self.environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        failed = process.returncode != 0
        for line in [*process.stdout.splitlines(), *([] if failed else process.stderr.splitlines())]:
            connection.report(line)
        if failed:
            lines = (process.stderr.strip() or process.stdout.strip()).splitlines()
            message = " ".join(lines[:2]) or f"sqlcmd ended with {process.returncode}"
            raise DeployError(message, path=self.path, details=tuple(lines[2:]))
        return 0

    def command(self, executable: str) -> list[str]:
        """Return the command line, which contains no secret."""
        port = self.url.port or self._query("port")
        server = f"{self.url.host},{port}" if port else str(self.url.host)
        assignments = [f"{name}={value}" for name, value in self.variables.items()]
        variables = ["-v", *assignments] if assignments else []
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
        """Trust the certificate where no encryption is wanted: newer versions encrypt by default."""
        trusted = str(self._query("TrustServerCertificate")).lower() in YES
        return ["-C"] if trusted or str(self._query("Encrypt")).lower() in UNENCRYPTED else []

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the password."""
        return {**os.environ, PASSWORD_VARIABLE: str(self.url.password)} if self.url.password else dict(os.environ)

    def _query(self, name: str) -> object:
        return next((value for key, value in self.url.query.items() if key.lower() == name.lower()), None)


def find_sqlcmd() -> str:
    """Return the path of sqlcmd. Raises AhjoError if it is not installed."""
    path = shutil.which("sqlcmd")
    if path is None:
        raise AhjoError("sqlcmd is not on PATH.", hint="Install it, or set db_permission_invoke_method: sqlalchemy.")
    return path
