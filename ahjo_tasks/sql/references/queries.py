"""Reads queries: FROM clauses, common table expressions and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Definition
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.expressions import (
    CALLS,
    as_word,
    attributes,
    close,
    collate,
    comma,
    double_colon,
    in_word,
    next_value,
    operator,
    parenthesis,
    string,
    table_query,
)
from ahjo_tasks.sql.references.grouping import group_by
from ahjo_tasks.sql.references.kinds import record
from ahjo_tasks.sql.references.model import qualified
from ahjo_tasks.sql.references.reader import (
    MARKS,
    NO_ALIAS,
    NO_ALIAS_IN_TSQL,
    NO_RELATION,
    NO_RELATION_IN_TSQL,
    QUERY_STARTS,
    RELATION,
    ROUTINE,
    SET_OPERATORS,
    TABLE_HINTS,
    Reader,
    Scope,
    begin,
    leave_table,
    skip_list,
)
from ahjo_tasks.sql.references.tokens import STRING, split_name, word_set

if TYPE_CHECKING:
    from ahjo_tasks.sql.references.reader import Action


TABLE_FUNCTIONS = word_set(
    "CHANGETABLE CONTAINSTABLE FREETEXTTABLE SEMANTICKEYPHRASETABLE SEMANTICSIMILARITYTABLE "
    "SEMANTICSIMILARITYDETAILSTABLE"
)
"""Functions of SQL Server whose first argument is a table."""
TABLE_ARGUMENTS = {"VECTOR_SEARCH": "TABLE", "PREDICT": "DATA"}
"""Functions of SQL Server that take a table in an argument of a name."""
FETCHED = frozenset({"NEXT", "PRIOR", "FIRST", "LAST", "ABSOLUTE", "RELATIVE"})
ROW_FUNCTIONS = frozenset({"OPENJSON", "OPENXML", "OPENROWSET", "PREDICT"})


def select(reader: Reader, index: int) -> int:
    """Read SELECT; without a semicolon before it, SQL Server begins a statement here."""
    scope = reader.scope
    if scope.query and not scope.parent and reader.syntax is MSSQL and reader.words[index - 1] not in SET_OPERATORS:
        begin(reader)
    leave_table(reader)
    scope.query, scope.comma, scope.within = True, None, False
    scope.selected = index
    if scope.relations:
        scope.relations = {}
    return index + 1


def from_clause(reader: Reader, index: int) -> int:
    """Read FROM, unless it belongs to a function or a comparison."""
    scope, words = reader.scope, reader.words
    if not scope.query or (words[index - 1] == "DISTINCT" and words[index - 2] in {"IS", "NOT"}):
        return index + 1
    if words[index + 1] == "SERVICE" and words[index + 3 : index + 5] == ["TO", "SERVICE"]:  # of BEGIN DIALOG
        return index + 1
    scope.comma = relation
    return relation(reader, index + 1)


def fetch(reader: Reader, index: int) -> int:
    """Read FETCH of SQL Server, whose FROM names a cursor; OFFSET has one without FROM."""
    words, place = reader.words, index + 1
    if reader.syntax is not MSSQL:
        return place
    place += words[place] in FETCHED
    place += reader.tokens[place].startswith("@")  # how far
    if words[place] != "FROM":
        return index + 1
    begin(reader)
    return place + 2 + (words[place + 1] == "GLOBAL")


def join(reader: Reader, index: int) -> int:
    """Read JOIN."""
    return relation(reader, index + 1) if reader.scope.query and reader.words[index - 1] != "FOR" else index + 1


def straight_join(reader: Reader, index: int) -> int:
    """Read STRAIGHT_JOIN, which after SELECT is no join."""
    return relation(reader, index + 1) if reader.scope.comma is relation else index + 1


def apply(reader: Reader, index: int) -> int:
    """Read CROSS APPLY and OUTER APPLY."""
    return relation(reader, index + 1) if reader.words[index - 1] in {"CROSS", "OUTER"} else index + 1


def end_from(reader: Reader, index: int) -> int:
    """Read a word that ends the FROM clause."""
    if reader.scope.comma is relation:
        reader.scope.comma = None
    return index + 1


def group(reader: Reader, index: int) -> int:
    """Read GROUP, which ends the FROM clause."""
    if reader.syntax is POSTGRESQL:
        group_by(reader, index)
    return end_from(reader, index)


def output(reader: Reader, index: int) -> int:
    """Read OUTPUT of a statement that changes rows, whose INTO names a table."""
    end_from(reader, index)
    if reader.syntax is MSSQL and reader.scope.comma is None:
        reader.scope.comma = _output_column
    return index + 1


def _output_column(_reader: Reader, index: int) -> int:
    return index


def into(reader: Reader, index: int) -> int:
    """Read INTO: of OUTPUT it names a relation, of SELECT a new table."""
    if reader.scope.comma is _output_column:
        reader.scope.comma = None
        reader.emit(index + 1, RELATION)
        return skip_list(reader, index + 2)
    end_from(reader, index)
    creates = (
        reader.scope.query and reader.syntax in {POSTGRESQL, MSSQL} and not (reader.runs_later or reader.procedural)
    )
    return _new_table(reader, index + 1) if creates else index + 1


def _new_table(reader: Reader, index: int) -> int:
    """Read the table that SELECT INTO creates; a temporary one is none of the file's."""
    while reader.words[index] in {"UNLOGGED", "TABLE"}:
        index += 1
    if not reader.is_name(index) or reader.words[index] in {"TEMP", "TEMPORARY"} or reader.tokens[index][0] in "#@":
        return index
    record(reader, Definition("table", qualified(split_name(reader.tokens[index], reader.syntax))))
    return index + 1


def for_clause(reader: Reader, index: int) -> int:
    """Read FOR: SYSTEM_TIME belongs to a relation, and the hints of MySQL to an index."""
    if reader.words[index - 1] in {"INDEX", "KEY"} and reader.syntax is MYSQL:
        while reader.is_name(index):
            index += 1
        return index
    return index + 1 if reader.words[index + 1] == "SYSTEM_TIME" else end_from(reader, index)


def using(reader: Reader, index: int) -> int:
    """Read USING, which names a relation in MERGE and DELETE."""
    scope = reader.scope
    if not scope.sources:
        return index + 1
    scope.sources, scope.comma = False, relation
    return relation(reader, index + 1)


# -- relations ---------------------------------------------------------------------------------------------------------


def relation(reader: Reader, index: int) -> int:
    """Read one item of a FROM clause."""
    words = reader.words
    while True:
        word = words[index]
        if (
            word in {"ONLY", "LATERAL"}
            and words[index + 1] not in NO_ALIAS - {"("}
            and reader.syntax in {POSTGRESQL, MYSQL}
        ):
            index += 1
        elif word == "{":  # the outer join of ODBC: { OJ a LEFT OUTER JOIN b ON ... }
            index += 2
        elif word == "(":
            scope = reader.push(close=_after_parentheses)
            index += 1
            if words[index] in QUERY_STARTS or (words[index] == "TABLE" and words[index + 1] not in MARKS):
                return index
            scope.query, scope.comma = True, relation
        else:
            return _named_relation(reader, index)


def _named_relation(reader: Reader, index: int) -> int:
    word, words = reader.words[index], reader.words
    if word == STRING and reader.syntax is SQLITE:
        reader.emit_string(index, RELATION)
        return alias(reader, index + 1)
    if word in (NO_RELATION if reader.syntax is not MSSQL else NO_RELATION_IN_TSQL):
        return index
    if word == "ROWS" and words[index + 1] == "FROM":
        reader.push(close=_after_parentheses)
        return index + 3
    if words[index + 1] != "(":
        reader.emit(index, RELATION)
        if reader.scope.source < 0:
            reader.scope.source = index
        if reader.syntax is POSTGRESQL:
            after = index + 1 + (words[index + 1] == "AS")
            reader.scope.relations[reader.key(reader.tokens[index if words[after] in NO_ALIAS else after])] = index
        return alias(reader, index + 1, index)
    if reader.syntax is MSSQL and words[index + 2] in TABLE_HINTS:
        reader.emit(index, RELATION)
    elif word in TABLE_FUNCTIONS:
        first = index + 3 if words[index + 2] in {"CHANGES", "VERSION"} else index + 2
        reader.emit(first, RELATION)
    else:
        _table_argument(reader, index)
        reader.emit(index, ROUTINE)
    special = CALLS.get(word)
    if special and reader.syntax is MYSQL:
        return special(reader, index + 1)
    reader.push(close=_after_rows if word in ROW_FUNCTIONS else _after_parentheses)
    return index + 2


def _table_argument(reader: Reader, index: int) -> None:
    """Read the table that a function is given by the name of the argument, as `TABLE = dbo.t AS a`."""
    argument = TABLE_ARGUMENTS.get(reader.words[index]) if reader.syntax is MSSQL else None
    if argument:
        for place in range(index + 2, reader.closing(index + 1)):
            if reader.words[place : place + 2] == [argument, "="]:
                reader.emit(place + 2, RELATION)


def _after_rows(reader: Reader, index: int, closed: Scope) -> int:
    """Read WITH after OPENJSON and its like: columns with their types, or a table that has them."""
    if reader.words[index] != "WITH" or reader.syntax is not MSSQL:
        return _after_parentheses(reader, index, closed)
    if reader.words[index + 1] == "(":
        return attributes(reader, index + 1, _after_parentheses)
    return _named_relation(reader, index + 1)


def _after_parentheses(reader: Reader, index: int, closed: Scope) -> int:
    if reader.scope.source < 0:
        reader.scope.source = closed.source
    if closed.selected < 0:
        reader.scope.relations |= closed.relations
    return alias(reader, index)


def alias(reader: Reader, index: int, named: int = 0) -> int:
    """Read what may follow a relation: an alias, and columns in parentheses; `named` is the token of its name."""
    words = reader.words
    while words[index] == "WITH" and words[index + 1] in {"ORDINALITY", "OFFSET"}:
        index += 2
    if words[index] == "AS" and words[index + 1] != "OF":
        index += 1
        if words[index] not in MARKS:
            reader.scope.aliases[reader.key(reader.tokens[index])] = named
            index += 1
    elif words[index] not in (NO_ALIAS_IN_TSQL if reader.syntax is MSSQL else NO_ALIAS):
        reader.scope.aliases[reader.key(reader.tokens[index])] = named
        index += 1
    else:
        return index
    if words[index] == "(" and words[index + 1] not in QUERY_STARTS:
        return attributes(reader, index)
    return index


# -- common table expressions ------------------------------------------------------------------------------------------


def with_clause(reader: Reader, index: int) -> int:
    """Read WITH, if common table expressions follow."""
    words, scope, syntax = reader.words, reader.scope, reader.syntax
    place, recursive = index + 1, words[index + 1] == "RECURSIVE" and syntax is not MSSQL
    place += recursive
    if words[place] == "XMLNAMESPACES" and words[place + 1] == "(":
        place = reader.closing(place + 1) + 1
        if words[place] != ",":
            return place
        place += 1
    if _cte_body(reader, place) is None:
        return index + 1
    if syntax is MSSQL and not scope.parent and scope.query:
        begin(reader)
    scope.within, scope.recursive = True, recursive or syntax in {MSSQL, SQLITE}
    if syntax is SQLITE or (syntax is POSTGRESQL and recursive):
        scope.hide(*_ctes_ahead(reader, place))
    return _cte(reader, place)


def _ctes_ahead(reader: Reader, index: int) -> list[str]:
    """The names of all expressions of a list."""
    names = []
    while (body := _cte_body(reader, index)) is not None:
        names.append(reader.key(reader.tokens[index]))
        index = reader.closing(body) + 1
        while reader.words[index] not in {",", "SELECT", "(", ")", "", ";"}:
            index += 1
        index += 1
    return names


def _cte_body(reader: Reader, index: int) -> int | None:
    """Return the index where the parentheses open of an expression whose name is at an index."""
    words = reader.words
    if not reader.is_name(index):
        return None
    index += 1
    if words[index] == "(":
        index = reader.closing(index) + 1
    if index >= reader.size or words[index] != "AS":
        return None
    index += 1 + (words[index + 1] == "NOT")
    index += words[index] == "MATERIALIZED"
    return index if words[index] == "(" else None


def _cte(reader: Reader, index: int) -> int:
    """Read one expression, or whatever follows the comma."""
    body, scope = _cte_body(reader, index), reader.scope
    if body is None:
        return index
    scope.comma = _cte
    name = reader.key(reader.tokens[index])
    if scope.recursive:
        scope.hide(name)
    reader.push(close=_after_cte, opener=name)
    return body + 1


def _after_cte(reader: Reader, index: int, closed: Scope) -> int:
    if reader.syntax is MSSQL:
        reader.expressions[closed.opener] = reader.changed_table(closed.source) if closed.source >= 0 else -1
    reader.scope.hide(closed.opener)
    return index


QUERY_ACTIONS: dict[str, Action] = {
    "(": parenthesis,
    ")": close,
    ",": comma,
    "::": double_colon,
    STRING: string,
    "SELECT": select,
    "PERFORM": select,
    "FROM": from_clause,
    "FETCH": fetch,
    "JOIN": join,
    "STRAIGHT_JOIN": straight_join,
    "APPLY": apply,
    "FOR": for_clause,
    "GROUP": group,
    "USING": using,
    "WITH": with_clause,
    "AS": as_word,
    "IN": in_word,
    "COLLATE": collate,
    "OPERATOR": operator,
    "NEXT": next_value,
    "PREVIOUS": next_value,
    "TABLE": table_query,
    "OUTPUT": output,
    "INTO": into,
    **dict.fromkeys(
        word_set(
            "WHERE HAVING ORDER LIMIT WINDOW UNION EXCEPT INTERSECT MINUS VALUES RETURNING OPTION QUALIFY "
            "IF WHILE THROW PRINT RAISERROR"
        ),
        end_from,
    ),
}
