"""Statements of MySQL's and MariaDB's objects: SHOW CREATE tells them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.scripts import ObjectScript, Permissions, ScriptReader, TableScripts, script

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
    "trigger": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    " ORDER BY event_object_table, event_manipulation, action_timing, action_order",
    "event": "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()",
    "package": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = 'PACKAGE'",
    "package body": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = 'PACKAGE BODY'",
}
TABLES = (
    "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name"
)
SEQUENCE, VIEW = "SEQUENCE", "VIEW"
MODES = "SELECT @@sql_mode"
GRANTS = (
    "SELECT grantee, privilege_type, is_grantable, NULL, NULL FROM information_schema.schema_privileges"
    " WHERE table_schema = DATABASE()"
    " UNION ALL SELECT grantee, privilege_type, is_grantable, table_name, NULL FROM information_schema.table_privileges"
    " WHERE table_schema = DATABASE()"
    " UNION ALL SELECT grantee, privilege_type, is_grantable, table_name, column_name"
    " FROM information_schema.column_privileges WHERE table_schema = DATABASE() ORDER BY 1, 4, 5, 2"
)


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

    def _routine(self, kind: str, name: str, usual_mode: str) -> str:
        """Return the text of a routine's file; empty where the login may not see it."""
        row = self._show(kind, name)
        mode, text = row[1], row[3 if kind == "event" else 2]
        if text is None:
            self.missing.append(f"{kind} {name}: its text is shown to its definer alone")
            return ""
        set_mode = "" if mode == usual_mode else f"SET sql_mode = {self.dialect.quote_literal(mode)};\n\n"
        drop = f"DROP {kind.upper()} IF EXISTS {self.dialect.quote(name)};\n\n"
        delimiter = next(mark for mark in ("//", "$$", "//$$//") if mark not in text)
        body = self._named(self._own(text)).strip()
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
        """Return the grants in this database; roles and accounts belong to the server and have to be there."""
        statements = []
        for grantee, privilege, grantable, table, column in self.connection.query(GRANTS):
            columns = f" ({self.dialect.quote(column)})" if column else ""
            place = self.dialect.quote(table) if table else "*"
            option = " WITH GRANT OPTION" if grantable == "YES" else ""
            statements.append(f"GRANT {privilege}{columns} ON {place} TO {grantee}{option}")
        return Permissions(grants=statements)

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
