"""Reads statements that change rows: the tables that they name."""

from __future__ import annotations

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.columns import options
from ahjo_tasks.sql.references.model import key_role, qualified
from ahjo_tasks.sql.references.queries import alias, end_from, relation
from ahjo_tasks.sql.references.reader import MARKS, RELATION, Reader, begin, listed_names, skip_list, starts
from ahjo_tasks.sql.references.tokens import STRING, split_name, string_value, word_set

EVENTS = frozenset({"ON", "OR", "BEFORE", "AFTER", "OF", ",", "FOR", "KEY", "=", "ONLY", "WITHOUT"})
"""Words before INSERT, UPDATE and DELETE where they are no statements."""
MODIFIERS = word_set("INTO IGNORE LOW_PRIORITY DELAYED HIGH_PRIORITY QUICK OVERWRITE ONLY CONCURRENTLY")
"""Words before the table whose rows change; to SQL Server all but INTO are names."""


AFTER_EVENT = MARKS | {"AS", "WITH", "NOT", "ON", "TO"}
"""Words and marks that follow an event of a trigger, or a right, in SQL Server."""


def _is_event(reader: Reader, index: int) -> bool:
    """Tell whether the word names an event; in SQL Server a statement may follow SET NOCOUNT ON without a mark."""
    before, following = reader.words[index - 1] if index else "", reader.words[index + 1]
    if before in {"ON", "ONLY", "="} and reader.syntax is MSSQL:  # the number after = is no token
        return following in {"CASCADE", "NO", "SET"}
    if before == "," and reader.syntax is MSSQL:  # nor is the one that ends the arguments of EXEC
        return following in AFTER_EVENT
    return before in EVENTS


def _skip_modifiers(reader: Reader, index: int) -> int:
    words, modifiers = reader.words, MODIFIERS if reader.syntax is not MSSQL else {"INTO"}
    while True:
        if words[index] in modifiers and words[index + 1] not in MARKS - {"("}:
            index += 1
        elif words[index] == "OR" and reader.syntax is SQLITE:
            index += 2
        elif words[index] == "TOP" and reader.syntax is MSSQL:
            index = _behind_top(reader, index + 1)
        else:
            return index


def _behind_top(reader: Reader, index: int) -> int:
    """Read the number of rows behind TOP, which may be an expression in parentheses."""
    if reader.words[index] == "(":
        end = min(reader.closing(index) + 1, reader.size)
        reader.read_tokens(index, end)
        index = end
    return index + (reader.words[index] == "PERCENT")


def _target(reader: Reader, index: int, *, update: bool = False) -> None:
    """Note a table whose rows change, unless it turns out to be an alias."""
    reader.scope.targets.append((index, update))


def _written(reader: Reader, index: int) -> None:
    """Note a table that gets rows."""
    reader.emit(index, RELATION, target=True)
    reader.table = index
    index = reader.changed_table(index)
    token = reader.tokens[index] if index >= 0 else "@"
    if not reader.runs_later and token[0] not in "@#":
        parts = split_name(token, reader.syntax)
        if not parts[-1].startswith("#"):
            reader.collector.written.setdefault(qualified(parts))


def insert(reader: Reader, index: int) -> int:
    """Read INSERT and REPLACE."""
    words = reader.words
    if _is_event(reader, index) or words[index + 1] in {"(", "SELECT", "WITH", "VALUES", "DEFAULT"}:
        return index + 1
    if words[index] == "REPLACE" and reader.syntax is MSSQL:
        return index + 1
    place = _skip_modifiers(reader, index + 1)
    optional = reader.syntax in {MSSQL, MYSQL}
    if not reader.is_name(place) or not (optional or words[place - 1] == "INTO"):
        return index + 1
    begin(reader)
    _written(reader, place)
    place += 1
    if words[place] == "AS" and words[place + 1] not in {"SELECT", "("}:
        place += 2
    if words[place] == "TABLE":
        return relation(reader, place + 1)
    return skip_list(reader, place)


def update(reader: Reader, index: int) -> int:
    """Read UPDATE."""
    words = reader.words
    if _is_event(reader, index):
        return index + 1
    place = _skip_modifiers(reader, index + 1)
    if words[place] == "STATISTICS" and reader.syntax is MSSQL:
        reader.emit(place + 1, RELATION)
        return skip_list(reader, place + 2)
    joined = words[place] == "(" and reader.syntax is MYSQL
    if words[place] in {"SET", "OF", "ON"} or not (reader.is_name(place) or joined):
        return index + 1
    begin(reader)
    reader.scope.query, reader.scope.comma = True, relation
    if words[place] == "(" or words[place + 1] == "(":
        return relation(reader, place)
    _target(reader, place, update=True)
    return alias(reader, place + 1)


def set_word(reader: Reader, index: int) -> int:
    """Read SET: of UPDATE, of a setting, or of something else."""
    words = reader.words
    if words[index + 1] == "IDENTITY_INSERT" and reader.syntax is MSSQL:
        begin(reader)
        reader.emit(index + 2, RELATION)
        return index + 3
    if reader.scope.comma is relation:
        return end_from(reader, index)
    if words[index + 1] in {"SEARCH_PATH", "LOCAL", "SESSION", "SCHEMA"} and reader.syntax is POSTGRESQL:
        return search_path(reader, index + 1)
    if words[index + 1] == "(" and reader.context == "alter" and reader.syntax is POSTGRESQL:
        return options(reader, index + 1)
    return index + 1


def search_path(reader: Reader, index: int) -> int:
    """Read SET search_path, with what follows SET; at the head of a function it holds for the body alone."""
    words = reader.words
    if not starts(reader, index - 1) and reader.outer_path is None:
        reader.outer_path = reader.collector.path
    index += words[index] in {"LOCAL", "SESSION"}
    if words[index] not in {"SEARCH_PATH", "SCHEMA"} or words[index + 1] not in {"TO", "=", STRING}:
        return index
    index += 1 if words[index + 1] == STRING else 2
    path = []
    while words[index] == STRING or reader.is_name(index):
        text = reader.tokens[index]
        path.append(string_value(text, reader.syntax) if words[index] == STRING else reader.key(text))
        index += 1
        if words[index] != ",":
            break
        index += 1
    if path and path != ["default"]:
        reader.collector.path = tuple(part for part in path if part not in {"$user", ""})
    return index


def delete(reader: Reader, index: int) -> int:
    """Read DELETE."""
    words = reader.words
    place = _skip_modifiers(reader, index + 1)
    optional = reader.syntax in {MSSQL, MYSQL}
    if _is_event(reader, index) or not (words[place] == "FROM" or optional):
        return index + 1
    place = _skip_modifiers(reader, place + (words[place] == "FROM"))
    if not reader.is_name(place) or words[place] in {"WHEN", "OUTPUT", "ON", "CASCADE"}:
        return index + 1
    begin(reader)
    scope = reader.scope
    scope.query = scope.sources = True
    _target(reader, place)
    if words[place + 1] == ",":
        scope.comma = _more_targets
        return place + 1
    return alias(reader, place + 1)


def _more_targets(reader: Reader, index: int) -> int:
    if reader.is_name(index):
        _target(reader, index)
        return index + 1
    return index


def conflict(reader: Reader, index: int) -> int:
    """Read ON CONFLICT of INSERT, which names a constraint or the columns of a key."""
    words, table = reader.words, reader.table
    if reader.syntax is not POSTGRESQL or words[index - 1] != "ON" or not reader.is_name(table):
        return index + 1
    if words[index + 1 : index + 3] == ["ON", "CONSTRAINT"]:
        reader.emit_part(index + 3, table)
        return index + 4
    if columns := listed_names(reader, index + 1):
        reader.emit(table, key_role(columns), target=True)
    return index + 1


def merge(reader: Reader, index: int) -> int:
    """Read MERGE."""
    words, place = reader.words, _skip_modifiers(reader, index + 1)
    option = words[index - 1] == "=" and reader.syntax is not MSSQL
    option |= words[place : place + 2] == ["RANGE", "("]  # of ALTER PARTITION FUNCTION
    if words[place] in MARKS | {"JOIN", "UNION", "VIEW"} or option or not starts(reader, index):
        return index + 1
    begin(reader)
    reader.scope.query = reader.scope.sources = True
    _written(reader, place)
    if words[place + 1] == "WITH" and words[place + 2] == "(":
        return alias(reader, reader.closing(place + 2) + 1)
    return alias(reader, place + 1)


def truncate(reader: Reader, index: int) -> int:
    """Read TRUNCATE and LOCK, and what tends tables; in SQL Server the others are names as any."""
    words, place = reader.words, index + 1
    unknown = reader.syntax is MSSQL and words[index] != "TRUNCATE"
    if unknown or not starts(reader, index) or (words[index] == "CHECK" and words[place] != "TABLE"):
        return index + 1
    if words[place] == "(" and words[index] in WITH_OPTIONS:
        place = reader.closing(place) + 1
    role = ROLES_TENDED.get(words[place], RELATION)
    place += words[place] in ROLES_TENDED
    while words[place] in (TENDED if reader.syntax is not MSSQL else {"TABLE"}):
        place += 1
    if not reader.is_name(place) or (words[place] in {"DATABASE", "SYSTEM"} and reader.syntax is not MSSQL):
        return place
    begin(reader)
    reader.emit(place, role)
    reader.scope.comma = _more_relations
    return skip_list(reader, place + 1)


TENDED = word_set(
    "TABLE TABLES ONLY MATERIALIZED VIEW CONCURRENTLY VERBOSE LOCAL FULL FREEZE ANALYZE NO_WRITE_TO_BINLOG"
)
WITH_OPTIONS = frozenset({"VACUUM", "ANALYZE", "REINDEX", "CLUSTER"})
"""Statements of PostgreSQL that may have options in parentheses before the name."""
ROLES_TENDED = {"INDEX": "index", "SCHEMA": "schema"}
"""The roles of what REINDEX names, by the word before; without one it is a relation."""


def _more_relations(reader: Reader, index: int) -> int:
    reader.emit(index, RELATION)
    return index + 1


def copy(reader: Reader, index: int) -> int:
    """Read COPY of PostgreSQL, and COPY INTO of Azure Synapse."""
    if reader.syntax is MSSQL and reader.words[index + 1] == "INTO" and reader.is_name(index + 2):
        begin(reader)
        _written(reader, index + 2)
        return skip_list(reader, index + 3)
    if reader.syntax is not POSTGRESQL or not starts(reader, index) or not reader.is_name(index + 1):
        return index + 1
    begin(reader)
    into = index + 2 if reader.words[index + 2] != "(" else reader.closing(index + 2) + 1
    if reader.words[into] == "FROM":
        _written(reader, index + 1)
    else:
        reader.emit(index + 1, RELATION)
    return skip_list(reader, index + 2)


def load(reader: Reader, index: int) -> int:
    """Read LOAD DATA and BULK INSERT."""
    words = reader.words
    if words[index] == "BULK" and words[index + 1] == "INSERT":
        _written(reader, index + 2)
        return index + 3
    if words[index] == "LOAD" and words[index + 1] in {"DATA", "XML"}:
        for place in range(index, min(index + 12, reader.size)):
            if words[place] == "INTO" and words[place + 1] == "TABLE":
                _written(reader, place + 2)
                return place + 3
    return index + 1


def use(reader: Reader, index: int) -> int:
    """Read USE, so that the name of a database is no other word; in an expression of SQL Server it names a model."""
    if reader.words[index + 1] == "MODEL" and reader.scope.parent and reader.syntax is MSSQL:
        reader.emit(index + 2, "external model")
        return index + 3
    return index + 2 if starts(reader, index) and reader.is_name(index + 1) else index + 1
