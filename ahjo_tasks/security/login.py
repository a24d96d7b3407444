"""The database's own login on SQL Server."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.dialects.mssql.databases import AZURE, EDITION
from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from ahjo_tasks.door import Door

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
class LoginStep:
    """Create the login, in place of an older one of the same database. The password is in no label and no repr."""

    name: str
    database: str
    password: str

    kind = "login"
    transactional = False
    single_call = False
    note = ""

    @property
    def label(self) -> str:
        """The login's name."""
        return self.name

    def __repr__(self) -> str:
        return f"LoginStep({self.name!r}, {self.database!r})"

    def run(self, door: Door) -> int:
        """Raises AhjoError, and changes nothing, when the login belongs to another database."""
        azure = int(door.query(EDITION)[0][0]) == AZURE
        self._remove(door, azure=azure)
        door.run(self.statement(door, azure=azure))
        return 0

    def statement(self, door: Door, *, azure: bool) -> str:
        """CREATE LOGIN; Azure SQL knows neither a default database nor a default language."""
        quote, literal = door.dialect.quote, door.dialect.literal
        made = f"CREATE LOGIN {quote(self.name)} WITH PASSWORD = {literal(self.password)}"
        return made if azure else f"{made}, DEFAULT_DATABASE = {quote(self.database)}, DEFAULT_LANGUAGE = [us_english]"

    def _remove(self, door: Door, *, azure: bool) -> None:
        name = door.dialect.literal(self.name)
        principals = "sys.sql_logins" if azure else "sys.server_principals"
        found = door.query(f"SELECT default_database_name FROM {principals} WHERE name = {name}")
        if not found:
            return
        owner = str(found[0][0])
        if not azure and door.dialect.fold(owner) != door.dialect.fold(self.database):
            raise AhjoError(
                f"The login {self.name} exists and its default database is {owner}; it was left alone.",
                hint="Drop it, or rename the database.",
            )
        for (session,) in door.query(f"SELECT session_id FROM sys.dm_exec_sessions WHERE login_name = {name}"):
            door.attempt(f"KILL {session}")
        door.run(f"DROP LOGIN {door.dialect.quote(self.name)}")
