"""Create the SQL Server login of a database."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.mssql.databases import AZURE, EDITION
from ahjo_tasks.engine.plan import Step
from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
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
