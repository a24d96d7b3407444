"""What a SQL text creates and what it mentions, found by its tokens; comments and strings do not count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.project.tokens import words

if TYPE_CHECKING:
    from ahjo_tasks.project.tokens import Lexis, Token

CREATED = {
    "VIEW": "view",
    "FUNCTION": "function",
    "AGGREGATE": "function",
    "PROCEDURE": "procedure",
    "PROC": "procedure",
    "TRIGGER": "trigger",
    "TABLE": "table",
    "TYPE": "type",
    "DOMAIN": "type",
    "SEQUENCE": "sequence",
    "SYNONYM": "synonym",
    "RULE": "rule",
    "ASSEMBLY": "assembly",
    "SCHEMA": "schema",
}
OTHERS = frozenset(
    {
        "INDEX",
        "USER",
        "ROLE",
        "LOGIN",
        "DATABASE",
        "EXTENSION",
        "CAST",
        "COLLATION",
        "STATISTICS",
        "AS",
        "TEMP",
        "TEMPORARY",
    }
)
ATTACHED = frozenset({"trigger", "rule"})
RELATION_WORDS = frozenset(
    [
        "FROM",
        "JOIN",
        "INTO",
        "UPDATE",
        "TABLE",
        "EXEC",
        "EXECUTE",
        "CALL",
        "REFERENCES",
        "ON",
        "OF",
        "APPLY",
        "USING",
        "FOR",
        "PROCEDURE",
        "FUNCTION",
        "VIEW",
    ]
)
CLAUSES = frozenset(["SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "SET", "VALUES", "RETURNING"])
LEADING = frozenset({"CREATE", "INSERT", "MERGE", "REPLACE", "COPY"})
FILLERS = frozenset({"INTO", "OR", "REPLACE", "IGNORE", "ONLY", "TABLE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY"})
IDENTIFIERS = frozenset({"name", "quoted"})
IF_NOT_EXISTS = frozenset({"IF", "NOT", "EXISTS"})
ATTACHING = frozenset({"ON", "TO"})
DOT = ("mark", ".")
CALL = ("mark", "(")
MODIFIERS = 20


class Name(NamedTuple):
    """The name of an object; `schema` is None where the text gives none."""

    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read `schema.name` or `name`, quotes and brackets removed."""
        parts = [part.strip('[]"` ') for part in text.split(".")]
        return cls(parts[-2] if len(parts) > 1 else None, parts[-1])

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Definition:
    """An object that the text creates; `table` is what a trigger or rule belongs to."""

    kind: str
    name: Name
    table: Name | None = None


class Mention(NamedTuple):
    """A dotted name in the text. `relation` is whether it stands where a table, view or routine is named."""

    parts: tuple[str, ...]
    relation: bool


@dataclass(frozen=True)
class Scan:
    """What one text creates, mentions, writes rows to, and says in string literals."""

    definitions: tuple[Definition, ...]
    mentions: frozenset[Mention]
    written: tuple[Name, ...]
    literals: frozenset[str]


def scan(text: str, lexis: Lexis) -> Scan:
    """Read the text once."""
    return _Scanner(list(words(text, lexis))).scan()


class _Scanner:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.end = len(tokens)
        self.definitions: list[Definition] = []
        self.mentions: set[Mention] = set()
        self.written: dict[Name, None] = {}

    def scan(self) -> Scan:
        before = clause = ""
        position = 0
        while position < self.end:
            kind, value, _ = self.tokens[position]
            if kind not in IDENTIFIERS:
                before = value if kind == "mark" else ""
                position += 1
                continue
            word = value.upper() if kind == "name" else ""
            if word in LEADING:
                self._lead(word, position)
            if word in CLAUSES:
                clause = word
            parts, position = self._dotted(position)
            named = before in RELATION_WORDS or (before == "," and clause == "FROM") or self._at(position) == CALL
            self.mentions.add(Mention(parts, named))
            before = word
        literals = frozenset(value for kind, value, _ in self.tokens if kind == "string")
        return Scan(tuple(self.definitions), frozenset(self.mentions), tuple(self.written), literals)

    def _lead(self, word: str, position: int) -> None:
        if word == "CREATE":
            self._define(position + 1)
        else:
            self._write(position + 1)

    def _at(self, position: int) -> tuple[str, str]:
        """Kind and value at the position, empty behind the end."""
        return self.tokens[position][:2] if position < self.end else ("", "")

    def _is_word(self, position: int, among: frozenset[str]) -> bool:
        kind, value = self._at(position)
        return kind == "name" and value.upper() in among

    def _dotted(self, position: int) -> tuple[tuple[str, ...], int]:
        """The identifiers joined by dots from here on, and the position behind them."""
        parts = [self.tokens[position][1]]
        position += 1
        while self._at(position) == DOT:
            step = position + (2 if self._at(position + 1) == DOT else 1)  # database..name
            kind, value = self._at(step)
            if kind not in IDENTIFIERS:
                break
            parts.append(value)
            position = step + 1
        return tuple(parts), position

    def _name(self, position: int) -> tuple[Name, int] | None:
        """The name at `position`, behind IF NOT EXISTS; temporary (#) names are no objects."""
        while self._is_word(position, IF_NOT_EXISTS):
            position += 1
        if self._at(position)[0] not in IDENTIFIERS:
            return None
        parts, after = self._dotted(position)
        if parts[-1].startswith("#"):
            return None
        return Name(parts[-2] if len(parts) > 1 else None, parts[-1]), after

    def _define(self, start: int) -> None:
        """Note the object that a CREATE makes, unless it is none of a project's kinds or a temporary one."""
        for position in range(start, min(start + MODIFIERS, self.end)):
            kind, value = self._at(position)
            word = value.upper()
            if word in {";", "("} or (kind == "name" and word in OTHERS):
                return
            if kind == "name" and word in CREATED:
                named = self._name(position + 1)
                if named:
                    self._add(CREATED[word], *named)
                return

    def _add(self, kind: str, name: Name, after: int) -> None:
        table = self._table_of(after) if kind in ATTACHED else None
        self.definitions.append(Definition(kind, name, table))

    def _table_of(self, start: int) -> Name | None:
        """The table that a trigger or rule belongs to."""
        for position in range(start, min(start + MODIFIERS, self.end)):
            if self._is_word(position, ATTACHING):
                named = self._name(position + 1)
                return named[0] if named else None
        return None

    def _write(self, position: int) -> None:
        """Note the table that an INSERT, MERGE, REPLACE or COPY writes to."""
        while self._is_word(position, FILLERS):
            position += 1
        named = self._name(position)
        if named:
            self.written.setdefault(named[0])
