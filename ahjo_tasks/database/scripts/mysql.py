"""Statements of MySQL's and MariaDB's objects: SHOW CREATE tells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.dialects.mysql import ROLE, ROUTINE_GRANTS, MariaDB, account, routine_privileges
from ahjo_tasks.database.scripts import ObjectScript, Permissions, ScriptReader, TableScripts, script
from ahjo_tasks.errors import StatementError
from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUOTED = r'(?:`[^`]*+(?:``[^`]*+|)*+`|"[^"]*+(?:""[^"]*+|)*+")'
ACCOUNT = f"{QUOTED}(?:@{QUOTED})?"
DEFINER = re.compile(
    rf"\ACREATE (?:ALGORITHM=UNDEFINED |(ALGORITHM=\w+ ))?DEFINER={ACCOUNT} (?:SQL SECURITY DEFINER )?"
)
"""The definer of an object, with the defaults of a view."""
NAME_IN_MODE = re.compile(
    r'\A(CREATE (?:DEFINER=\S+ )?(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE(?: BODY)?) )"([^"]*+(?:""[^"]*+|)*+)"'
)
"""The name of a routine as the server writes it in the mode ANSI_QUOTES."""
AUTO_INCREMENT = re.compile(r" AUTO_INCREMENT=\d+(?=[^\n]*\Z)")
"""The next number of a table, among the options behind its columns."""
ROUTINES = {
    "procedure": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = 'PROCEDURE'",
    "function": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = 'FUNCTION'",
    "event": "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()",
    "package": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = 'PACKAGE'",
    "package body": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = 'PACKAGE BODY'",
}
TRIGGERS = (
    "SELECT trigger_name, CONCAT_WS(' ', event_object_table, event_manipulation, action_timing)"
    " FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 2, action_order"
)
"""Triggers, with what fires each; those that the same fires run in this order."""
TABLES = (
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name"
)
SEQUENCE, VIEW = "SEQUENCE", "VIEW"
FOR_EACH_ROW = ["FOR", "EACH", "ROW"]
MODES = "SELECT @@sql_mode"
GRANTS = (
    "SELECT grantee, privilege_type, is_grantable, NULL, NULL FROM information_schema.schema_privileges"
    " WHERE table_schema = DATABASE()"
    " UNION ALL SELECT grantee, privilege_type, is_grantable, table_name, NULL FROM information_schema.table_privileges"
    " WHERE table_schema = DATABASE()"
    " UNION ALL SELECT grantee, privilege_type, is_grantable, table_name, column_name"
    " FROM information_schema.column_privileges WHERE table_schema = DATABASE() ORDER BY 1, 4, 5, 2"
)
MEMBERS = (
    "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)), QUOTE(role), admin_option FROM mysql.roles_mapping ORDER BY 2, 1"
)
"""The members of roles of MariaDB."""


class Right(NamedTuple):
    """A privilege that somebody has on an object, or on a column of it."""

    grantee: str
    privilege: str
    grantable: bool
    place: str
    """The object as GRANT names it."""
    column: str = ""


class MySQLScripts(ScriptReader):
    """Reads information_schema for names, and SHOW CREATE for texts."""

    def objects(self) -> Iterator[ObjectScript]:
        """Yield sequences, views, routines, triggers and events, without their definer unless it is asked for."""
        for name, kind in self.connection.query(TABLES):
            if kind == VIEW:
                text = self._own(self._show(VIEW, name)[1]).removeprefix("CREATE ")
                yield ObjectScript("view", "", name, script(f"CREATE OR REPLACE {text}"))
            elif kind == SEQUENCE:
                text = self._show(SEQUENCE, name)[1].removeprefix("CREATE SEQUENCE ")
                yield ObjectScript("sequence", "", name, script(f"CREATE SEQUENCE IF NOT EXISTS {text}"))
        mode = self.connection.query(MODES)[0][0]
        for kind, query in ROUTINES.items():
            for (name,) in self.connection.query(query):
                text = self._routine(kind, name, mode)
                if text:
                    yield ObjectScript(kind, "", name, text)
        before = ("", "")
        for name, cause in self.connection.query(TRIGGERS):
            text = self._routine("trigger", name, mode, follows=before[0] if before[1] == cause else "")
            before = (name, cause)
            if text:
                yield ObjectScript("trigger", "", name, text)

    def _routine(self, kind: str, name: str, usual_mode: str, follows: str = "") -> str:
        """Return the text of a routine's file; empty where the login may not see it.

        The server leaves out of a trigger's text which one it `follows`.
        """
        row = self._show(kind, name)
        mode, text = row[1], row[3 if kind == "event" else 2]
        if text is None:
            self.missing.append(f"{kind} {name}: its text is shown to its definer alone")
            return ""
        set_mode = "" if mode == usual_mode else f"SET sql_mode = {self.dialect.quote_literal(mode)};\n\n"
        replaces = self.connection.product == MariaDB.title
        drop = "" if replaces else f"DROP {kind.upper()} IF EXISTS {self.dialect.quote(name)};\n\n"
        delimiter = next(mark for mark in ("//", "$$", "//$$//") if mark not in text)
        body = self._named(self._own(text)).strip()
        if replaces:  # which keeps the rights on it, and leaves no moment without it
            body = body.replace("CREATE ", "CREATE OR REPLACE ", 1)
        if follows:
            start = _body_start(body)
            body = f"{body[:start]} FOLLOWS {self.dialect.quote(follows)}{body[start:]}"
        return f"{set_mode}{drop}DELIMITER {delimiter}\n\n{body}\n{delimiter}\n\nDELIMITER ;\n"

    def tables(self) -> TableScripts:
        """Return what SHOW CREATE TABLE says; foreign keys may name tables that come later."""
        names = [
            name
            for name, kind in self.connection.query(TABLES)
            if kind not in {VIEW, SEQUENCE} and name.lower() not in self.hidden
        ]
        create = [AUTO_INCREMENT.sub("", self._show("TABLE", name)[1]) for name in names]
        drop = [f"DROP TABLE {self.dialect.quote(name)}" for name in reversed(names)]
        return TableScripts(names, self._unchecked(create), self._unchecked(drop))

    def permissions(self) -> Permissions:
        """Return the grants in this database, and the roles of MariaDB that have some, with their members.

        Accounts belong to the server and have to be there, as those of MySQL that are roles.
        """
        rights = [
            Right(grantee, privilege, grantable == "YES", self.dialect.quote(table) if table else "*", column or "")
            for grantee, privilege, grantable, table, column in self.connection.query(GRANTS)
        ]
        rights += [
            Right(grantee, privilege, grantable, f"{kind} {self.dialect.quote(name)}")
            for grantee, privileges, kind, name in self._readable(ROUTINE_GRANTS, "grants on routines")
            for privilege, grantable in routine_privileges(privileges)
        ]
        roles = sorted({account(right.grantee) for right in rights if right.grantee.endswith(ROLE)})
        members = self._readable(MEMBERS, "members of roles") if roles else []
        return Permissions(
            [f"CREATE ROLE IF NOT EXISTS {role}" for role in roles],
            [self._grant(right) for right in rights],
            [
                f"GRANT {role} TO {account(member)}{' WITH ADMIN OPTION' if admin == 'Y' else ''}"
                for member, role, admin in members
                if role in roles
            ],
        )

    def _grant(self, right: Right) -> str:
        columns = f" ({self.dialect.quote(right.column)})" if right.column else ""
        option = " WITH GRANT OPTION" if right.grantable else ""
        return f"GRANT {right.privilege}{columns} ON {right.place} TO {account(right.grantee)}{option}"

    def _readable(self, query: str, what: str) -> list[tuple[Any, ...]]:
        """Return the rows of a table of the server's own; note as missing what the login may not read."""
        try:
            return self.connection.query(query)
        except StatementError:
            self.missing.append(f"{what}: the login may not read them")
            return []

    def _show(self, kind: str, name: str) -> tuple[Any, ...]:
        return self.connection.query(f"SHOW CREATE {kind.upper()} {self.dialect.quote(name)}")[0]

    def _own(self, text: str) -> str:
        """Return a text without its definer, unless that is asked for."""
        return text if self.definer else DEFINER.sub(lambda found: f"CREATE {found[1] or ''}", text)

    def _named(self, text: str) -> str:
        """Return a text with its name in backticks, which are quotes in every mode."""
        return NAME_IN_MODE.sub(lambda found: found[1] + self.dialect.quote(found[2].replace('""', '"')), text)

    @staticmethod
    def _unchecked(statements: Sequence[str]) -> list[str]:
        """Return statements during which tables may be missing that a foreign key names."""
        if not statements:
            return []
        return ["SET FOREIGN_KEY_CHECKS = 0", *statements, "SET FOREIGN_KEY_CHECKS = 1"]


def _body_start(text: str) -> int:
    """Return the position behind FOR EACH ROW in the text of a trigger."""
    tokens = list(tokenize(text, MYSQL))
    words = [token.word for token in tokens]
    row = next(index for index in range(2, len(words)) if words[index - 2 : index + 1] == FOR_EACH_ROW)
    return tokens[row].offset + len(tokens[row].value)
