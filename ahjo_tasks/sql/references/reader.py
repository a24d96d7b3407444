"""A reader of the tokens of one text, and the scopes that parentheses make in it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Definition
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.guards import find_block_guards, find_guards
from ahjo_tasks.sql.references.model import Collector, Place, Reference, Strength, part_name, qualified
from ahjo_tasks.sql.references.signatures import arguments, listed_types
from ahjo_tasks.sql.references.tokens import (
    STRING,
    keywords,
    name_tokens,
    names_before_arguments,
    split_name,
    string_value,
    strings_to_names,
    token_spans,
    word_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ahjo_tasks.sql.definitions import Name
    from ahjo_tasks.sql.references.signatures import Arguments

    Action = Callable[["Reader", int], int]
    """Reads from the token at an index, and returns the index to go on from."""
    Closing = Callable[["Reader", int, "Scope"], int]
    """Goes on after the parenthesis that closes a scope."""

RELATION, ROUTINE, TYPE, SEQUENCE, OBJECT = "relation", "routine", "type", "sequence", "object"
MARKS = frozenset({"", "(", ")", ",", ";", "=", "%", "{", "::", STRING})
QUERY_STARTS = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"})
SET_OPERATORS = frozenset({"UNION", "EXCEPT", "INTERSECT", "MINUS", "ALL", "DISTINCT"})
NO_ALIAS = MARKS | word_set(
    "AS JOIN LEFT RIGHT INNER FULL CROSS OUTER NATURAL STRAIGHT_JOIN ON USING WHERE GROUP HAVING ORDER LIMIT "
    "OFFSET FETCH WINDOW UNION EXCEPT INTERSECT MINUS FOR WITH SET VALUES RETURNING OUTPUT WHEN OPTION "
    "TABLESAMPLE PIVOT UNPIVOT USE FORCE IGNORE PARTITION INDEXED NOT FROM INTO SELECT LOOP THEN DO BEGIN END IF "
    "WHILE ELSE RETURN EXEC EXECUTE INSERT UPDATE DELETE MERGE CREATE ALTER DROP DECLARE PRINT GO QUALIFY "
    "PROCEDURE LOCK DEFAULT APPLY HASH REMOTE OPEN CLOSE DEALLOCATE RAISERROR THROW TRUNCATE COMMIT ROLLBACK "
    "GRANT REVOKE DENY UNTIL IS AND OR COLLATE OVERRIDING ASOF GLOBAL"
)
NO_ALIAS_IN_TSQL = NO_ALIAS - word_set(
    "LIMIT OFFSET RETURNING NATURAL QUALIFY ASOF GLOBAL UNTIL LOCK INDEXED FORCE IGNORE DO MINUS OVERRIDING "
    "STRAIGHT_JOIN PARTITION"
) | word_set("ADD DBCC BACKUP RESTORE KILL WAITFOR")
"""The same for SQL Server, where nothing begins with the words that are left out, so that they are names."""
NO_PROCEDURE = MARKS | word_set(
    "BACKUP BREAK CHECKPOINT CLOSE COMMIT CONTINUE DBCC DEALLOCATE DISK DUMP FETCH GOTO KILL LINENO OPEN RAISERROR "
    "READTEXT RECONFIGURE RESTORE RETURN REVERT ROLLBACK SAVE SETUSER SHUTDOWN UPDATETEXT WAITFOR WRITETEXT"
)
"""Marks and reserved words of T-SQL that no procedure is called by without EXEC."""
NO_RELATION = MARKS | word_set(
    "SELECT WHERE GROUP HAVING ORDER ON FROM JOIN LEFT RIGHT INNER CROSS NATURAL SET UNION EXCEPT INTERSECT AS "
    "INTO IF EXEC DECLARE WHILE"
)
NO_RELATION_IN_TSQL = NO_RELATION - {"NATURAL"}
NOT_CALLED = MARKS | word_set(
    "IN AND OR NOT VALUES OVER AS ON USING EXISTS ANY ALL SOME BY WHEN THEN CASE ELSE FROM WHERE SELECT CHECK KEY "
    "DEFAULT UNION EXCEPT INTERSECT LIMIT OFFSET FETCH TOP IF WHILE RETURN BETWEEN LIKE ILIKE SET HAVING FILTER "
    "WITHIN UNIQUE INTO JOIN LATERAL ONLY WITH INCLUDE PRIMARY REFERENCES DISTINCT IS END ROW ARRAY INTERVAL "
    "TABLE INDEX PARTITION VALUE MATERIALIZED IGNORE CONSTRAINT FOREIGN COUNT SUM MIN MAX AVG COALESCE NULLIF "
    "CONCAT UPPER LOWER NOW INSERT UPDATE DELETE REPLACE VARCHAR NVARCHAR CHAR NCHAR VARBINARY DECIMAL NUMERIC "
    "INT DATETIME2 IDENTITY RETURNS IIF LANGUAGE ESCAPE TO CONFLICT OPTIONS"
)
DEEPEST_BODY = 20
LISTED = frozenset({"KEY", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL"})
"""Words before a name whose parentheses hold columns."""
TABLE_HINTS = word_set(
    "NOLOCK READUNCOMMITTED READCOMMITTED READPAST REPEATABLEREAD SERIALIZABLE HOLDLOCK UPDLOCK XLOCK ROWLOCK "
    "PAGLOCK TABLOCK TABLOCKX INDEX FORCESEEK FORCESCAN NOEXPAND NOWAIT SNAPSHOT"
)
CLASSES = {
    "TABLE": RELATION,
    "VIEW": RELATION,
    "FUNCTION": ROUTINE,
    "PROCEDURE": ROUTINE,
    "ROUTINE": ROUTINE,
    "AGGREGATE": ROUTINE,
    "SEQUENCE": SEQUENCE,
    "SCHEMA": "schema",
    "TYPE": TYPE,
    "DOMAIN": TYPE,
    "WRAPPER": "foreign data wrapper",
    "SERVER": "server",
    "LANGUAGE": "language",
    "OBJECT": OBJECT,
    "COLLECTION": "xml schema collection",
}
"""The roles of names by the words for their kinds."""
REGISTERED = {
    "REGCLASS": RELATION,
    "REGTYPE": TYPE,
    "REGPROC": ROUTINE,
    "REGPROCEDURE": ROUTINE,
    "REGCONFIG": "text search configuration",
    "REGDICTIONARY": "text search dictionary",
    "REGCOLLATION": "collation",
    "REGNAMESPACE": "schema",
}
"""Types of PostgreSQL whose values are names of objects."""
STORED = frozenset({"table", "alter", "index"})
"""Kinds of statements at whose end SQL Server may be told where to store what they create."""
STARTS = frozenset({"", ";", "BEGIN", "THEN", "ELSE", "LOOP", "DO", "ATOMIC", "AS", "(", ")", "ALSO", "INSTEAD", "END"})
"""Words and marks that may stand before a statement."""
FIND_GUARDS = {(MSSQL, False): find_guards, (POSTGRESQL, True): find_block_guards}
"""Finds what runs only where something is there, by the language."""


class Scope:
    """The text between two parentheses, or a whole batch.

    `comma` is what a comma leads to, `close` what follows the closing parenthesis, `opener` the word before it.
    """

    __slots__ = (
        "aliases",
        "close",
        "comma",
        "ctes",
        "opener",
        "owned",
        "parent",
        "query",
        "recursive",
        "relations",
        "selected",
        "source",
        "sources",
        "targets",
        "within",
    )

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.ctes: set[str] = parent.ctes if parent else set()
        """The expressions that are visible here; one set for all scopes that add none."""
        self.owned = parent is None
        self.comma: Action | None = None
        self.close: Closing | None = None
        self.opener = ""
        self.query = False
        """True if FROM begins a clause."""
        self.sources = False
        """True if USING names a relation."""
        self.recursive = False
        self.within = False
        """True if the list of common table expressions has begun and its statement has not."""
        self.aliases: dict[str, int] = {}
        """The tokens of the relations by their aliases; 0 for what is no named one."""
        self.selected = -1
        """The token of SELECT."""
        self.source = -1
        """The token of the first relation that is named."""
        self.relations: dict[str, int] = {}
        """In PostgreSQL, the tokens of the relations of the query by the names that stand for them in it."""
        self.targets: list[tuple[int, bool]] = []
        """Tokens that name a table to change, or an alias that only comes later, and whether its rows are updated."""

    def hide(self, *names: str) -> None:
        """Let common table expressions hide relations of these names."""
        if not self.owned:
            self.ctes, self.owned = set(self.ctes), True
        self.ctes.update(names)


class Reader:
    """Goes through the tokens of one text; `actions` says what to do at which keyword or mark."""

    def __init__(
        self, text: str, collector: Collector, actions: Mapping[str, Action], place: Place, *, procedural: bool = False
    ) -> None:
        self.collector = collector
        self.syntax = syntax = collector.syntax
        self.actions = actions
        self.place = place
        tokens = name_tokens(text, syntax)
        self.size = len(tokens)
        self.words = [*keywords(tokens, syntax), "", "", "", ""]
        self.tokens = [*tokens, "", "", "", ""]
        if syntax is SQLITE:
            strings_to_names(self.tokens, self.words)
        self.text = text
        self.scope = Scope()
        self.strength = Strength.CREATION
        self.object_schema: str | None = None
        self.body = False
        """True if what is created here belongs to a body, and so to no file."""
        self.procedural = procedural
        self.atomic = 0
        self.context = ""
        self.expressions: dict[str, int] = {}
        """In SQL Server, by the names of common table expressions, the tokens of the tables that these change."""
        self.table = 0
        """The token of the table that is created or altered."""
        self.outer_path: tuple[str, ...] | None = None
        """The search path to go back to after the statement."""
        self.altered = ""
        """The kind of the object that ALTER names."""
        self.column = 0
        """The token of the column that is defined."""
        self.late = Strength.LATE
        self.on_as: Action | None = None
        """The reader that AS leads to outside of parentheses."""
        self._ends: dict[int, int] | None = None
        find = FIND_GUARDS.get((syntax, procedural))
        self.guards = find(self.words, self.closing, self.behind) if find else None
        self._before_arguments: set[str] | None = None
        self._called: set[tuple[str, Strength, str | None]] = set()

    @property
    def runs_later(self) -> bool:
        """True in a body, and in the commands of a rule: what is written there, the file does not write."""
        return self.body or self.atomic > 0 or self.context == "rule"

    def read(self) -> None:
        """Go through all tokens."""
        words = self.words
        called = self.syntax is MSSQL and words[1] != "(" and words[0] not in NO_PROCEDURE
        if called and words[0] not in self.actions and not self.behind(0).startswith(":"):  # which ends a label
            self.emit(0, ROUTINE)  # EXEC may be left out here
        self.read_tokens(0, self.size)
        while self.scope.parent:
            flush(self)
            self.scope = self.scope.parent
        flush(self)
        if self.outer_path is not None:  # the statement ends with its batch
            self.collector.path = self.outer_path

    def read_tokens(self, position: int, end: int) -> None:
        """Go through the tokens from one index to another."""
        words, get = self.words, self.actions.get
        while position < end:
            action = get(words[position])
            position = action(self, position) if action else position + 1

    def nested(self, index: int, strength: Strength, *, body: bool, procedural: bool = False, text: str = "") -> None:
        """Read what the string at an index holds; bodies in bodies only so deep as people write them."""
        if len(self.place) > DEEPEST_BODY:
            return
        text = text or string_value(self.tokens[index], self.syntax)
        if self.guards and index in self.guards.caught:
            strength = max(strength, Strength.LATE)
        inner = Reader(text, self.collector, self.actions, (*self.place, index), procedural=procedural)
        inner.strength, inner.object_schema, inner.body = strength, self.object_schema, body
        inner.read()

    def is_name(self, index: int) -> bool:
        """Tell whether the token is a word or a name."""
        return self.words[index] not in MARKS

    def closing(self, index: int) -> int:
        """Return the index where the parenthesis closes that opens at another."""
        if self._ends is None:
            self._ends, stack = {}, []
            for place, word in enumerate(self.words):
                if word == "(":
                    stack.append(place)
                elif word == ")" and stack:
                    self._ends[stack.pop()] = place
        return self._ends.get(index, self.size)

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """The offsets of all tokens."""
        return token_spans(self.text, self.syntax)

    def behind(self, index: int) -> str:
        """Return the text between a token and the next one that is not `=`: operators and numbers are no tokens.

        Empty where there is no such token, as where a text ends before its parentheses close.
        """
        if not 0 <= index < self.size:
            return ""
        after = index + 1
        while self.words[after] == "=":
            after += 1
        return self.text[self._spans[index][1] : self._spans[after][0] if after < self.size else None]

    def has_arguments(self, index: int) -> bool:
        """Tell whether the parenthesis or string behind a name belongs to it: an operator between is no token."""
        if self._before_arguments is None:
            self._before_arguments = names_before_arguments(self.text, self.syntax)
        return self.tokens[index] in self._before_arguments

    def key(self, token: str) -> str:
        """A name without a schema as names are compared."""
        name = split_name(token, self.syntax)[-1]
        return name if self.syntax is POSTGRESQL else name.lower()

    def push(self, close: Closing | None = None, comma: Action | None = None, opener: str = "") -> Scope:
        """Enter parentheses."""
        self.scope = scope = Scope(self.scope)
        scope.close, scope.comma, scope.opener = close, comma, opener
        return scope

    def emit(
        self, index: int, role: str, strength: Strength | None = None, *, column: bool = False, target: bool = False
    ) -> None:
        """Note the name at an index as a need; of a column's name, the relation.

        `target`: of a statement that changes rows, which no common table expression hides.
        """
        token = self.tokens[index]
        if not token or token[0] in "@#" or self.words[index] in MARKS:  # the text may end before its statement
            return
        parts = split_name(token, self.syntax)
        if parts[-1].startswith("#"):
            return
        if column or parts[-1] == "*":
            parts = parts[:-1]
        if len(parts) > 1 and role == ROUTINE and self.syntax is MYSQL:  # perhaps a package's
            self.note(parts[:-1], "package", Strength.MAYBE, index)
        if parts and not (len(parts) == 1 and role == RELATION and self.hidden(parts[0], target=target)):
            given = self._arguments(index) if role == ROUTINE else None
            self.note(parts, role, self.strength if strength is None else strength, index, given)

    def emit_listed(self, index: int, role: str) -> None:
        """Note a name behind which a command lists the types of a routine."""
        if role != ROUTINE or self.syntax is not POSTGRESQL or not self.is_name(index):
            self.emit(index, role)
        else:
            parts = split_name(self.tokens[index], self.syntax)
            self.note(parts, role, self.strength, index, listed_types(self, index + 1))

    def _arguments(self, index: int) -> Arguments | None:
        """Return the arguments that a routine of PostgreSQL is called with; a trigger passes none."""
        if self.words[index + 1] != "(" or self.syntax is not POSTGRESQL:
            return None
        return arguments(self, index + 1) if self.words[index - 1] not in {"FUNCTION", "PROCEDURE"} else None

    def note(
        self, parts: tuple[str, ...], role: str, strength: Strength, index: int, given: Arguments | None = None
    ) -> None:
        """Note a need by the parts of its name; what runs only where something is there can do without it."""
        if self.guards and not self.body:
            if index in self.guards.take_away:
                return
            if index in self.guards.run_perhaps or index in self.guards.caught:
                strength = max(strength, Strength.LATE)
        reference = Reference(parts, role, self.object_schema, self.collector.path, given)
        self.collector.add(reference, strength, (*self.place, index))

    def bring(self, kind: str, name: Name, table: Name | None = None) -> None:
        """Note an object that comes along with one of the file, and the table that it belongs to."""
        if not self.body:
            self.collector.brought.setdefault(Definition(kind, name, table))

    def changed_table(self, index: int) -> int:
        """Return the token of the table whose rows change where a token is named; -1 where that is not known."""
        name = self.key(self.tokens[index])
        return self.expressions.get(name, -1) if name in self.scope.ctes and self.syntax is MSSQL else index

    def emit_part(self, index: int, table: int) -> None:
        """Note a trigger, a rule, a policy or a constraint of a table as a need, by the tokens of both names."""
        if self.is_name(index) and self.is_name(table):
            name = split_name(self.tokens[index], self.syntax)[-1]
            schema, part = part_name(qualified(split_name(self.tokens[table], self.syntax)), name)
            self.note((schema, part) if schema else (part,), "part", self.strength, index)

    def hidden(self, name: str, *, target: bool = False) -> bool:
        """Tell whether a common table expression or a temporary table has the name."""
        name = name if self.syntax is POSTGRESQL else name.lower()
        expressions = () if target and self.syntax is not MSSQL else self.scope.ctes
        return name in expressions or name in self.collector.temporary

    def emit_string(self, index: int, role: str, strength: Strength | None = None) -> None:
        """Note what a string names."""
        value = name_tokens(string_value(self.tokens[index], self.syntax), self.syntax)
        if len(value) == 1 or (role == ROUTINE and value[1:2] == ["("]):
            self.note(split_name(value[0], self.syntax), role, self.strength if strength is None else strength, index)

    def declare(self, index: int) -> None:
        """Note that calls of the routine which is named at an index mean none of another file."""
        self._called.add((self.tokens[index], Strength.LATE, self.object_schema))

    def call(self, index: int) -> None:
        """Note a routine that is called in an expression. SQL Server wants its schema there."""
        token = self.tokens[index]
        if self.syntax is MSSQL and self.words[index].startswith("PARTITION"):
            first, *name = split_name(token, self.syntax)
            if name and first.upper() == "PARTITION":  # $PARTITION.name(value)
                self.note(tuple(name), "partition function", self.strength, index)
                return
        key = (token, self.strength, self.object_schema)
        if key not in self._called and (self.syntax is not MSSQL or "." in token):
            if self.syntax is not POSTGRESQL:
                self._called.add(key)
            self.emit(index, ROUTINE)


def flush(reader: Reader) -> None:
    """Note the changed tables of the statement, but for those that are aliases, as SQL Server and MySQL allow."""
    scope, by_alias = reader.scope, reader.syntax in {MSSQL, MYSQL}
    for index, updated in scope.targets:
        token = reader.tokens[index].removesuffix(".*")
        aliased = scope.aliases.get(reader.key(token), -1) if by_alias and "." not in token else -1
        if aliased < 0:
            reader.emit(index, RELATION, target=True)
        place = reader.changed_table(index if aliased < 0 else aliased)
        if updated and place > 0 and not reader.runs_later and reader.tokens[place][0] not in "@#":
            reader.collector.updated.setdefault(qualified(split_name(reader.tokens[place], reader.syntax)))
    scope.targets, scope.aliases = [], {}


def begin(reader: Reader) -> None:
    """Begin a statement: what the one before has named is forgotten."""
    scope = reader.scope
    flush(reader)
    leave_table(reader)
    if not scope.within:
        scope.ctes, scope.owned = (scope.parent.ctes, False) if scope.parent else (set(), True)
    scope.within = scope.query = scope.sources = False
    scope.comma = None


def leave_table(reader: Reader) -> None:
    """Forget the table or index that a statement of SQL Server has made or altered: the next one needs no semicolon."""
    if reader.syntax is MSSQL and reader.context in STORED:
        reader.context = ""


def skip_list(reader: Reader, index: int) -> int:
    """Enter the parentheses after a name that is not called, if there are any."""
    if reader.words[index] == "(" and reader.words[index + 1] not in QUERY_STARTS:
        reader.push()
        return index + 1
    return index


def starts(reader: Reader, index: int) -> bool:
    """Tell whether a statement may begin here. In SQL Server its first word is reserved."""
    return index == 0 or reader.syntax is MSSQL or reader.words[index - 1] in STARTS


def listed_names(reader: Reader, index: int) -> tuple[str, ...]:
    """The first name of each item in the parentheses at an index."""
    return tuple(split_name(reader.tokens[place], reader.syntax)[-1] for place in listed(reader, index))


def listed(reader: Reader, index: int) -> list[int]:
    """The tokens of the first names of the items in the parentheses at an index; none without parentheses."""
    if reader.words[index] != "(":
        return []
    places = range(index + 1, reader.closing(index))
    return [place for place in places if reader.words[place - 1] in {"(", ","} and reader.is_name(place)]
