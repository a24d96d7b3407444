"""The kinds of objects that CREATE, ALTER and DROP name, by the words that say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL, POSTGRESQL
from ahjo_tasks.sql.references.reader import OBJECT, RELATION, ROUTINE, SEQUENCE, TYPE, Reader
from ahjo_tasks.sql.references.tokens import STRING

if TYPE_CHECKING:
    from ahjo_tasks.sql.definitions import Definition

LONGEST_HEAD = 24
"""Tokens that may stand between CREATE and the kind of object."""
PHRASES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {}
"""The kinds of objects by the first of the words that say them, the longest phrase first."""
for _kind, _words in (
    ("view", "MATERIALIZED VIEW"),
    ("view", "VIEW"),
    ("table", "FOREIGN TABLE"),
    ("table", "EXTERNAL TABLE"),
    ("table", "VIRTUAL TABLE"),
    ("table", "TABLE"),
    ("table", "TABLES"),
    ("function", "FUNCTION"),
    ("function", "AGGREGATE FUNCTION"),
    ("function", "AGGREGATE"),
    ("procedure", "PROCEDURE"),
    ("procedure", "PROC"),
    ("event trigger", "EVENT TRIGGER"),
    ("trigger", "TRIGGER"),
    ("rule", "RULE"),
    ("default", "DEFAULT"),
    ("event session", "EVENT SESSION"),
    ("event notification", "EVENT NOTIFICATION"),
    ("event", "EVENT"),
    ("type", "TYPE"),
    ("type", "DOMAIN"),
    ("xml schema collection", "XML SCHEMA COLLECTION"),
    ("sequence", "SEQUENCE"),
    ("synonym", "SYNONYM"),
    ("policy", "SECURITY POLICY"),
    ("policy", "POLICY"),
    ("extension", "EXTENSION"),
    ("index", "FULLTEXT INDEX ON"),
    ("index", "XML INDEX"),
    ("index", "INDEX"),
    ("key", "FULLTEXT KEY"),
    ("partition function", "PARTITION FUNCTION"),
    ("partition scheme", "PARTITION SCHEME"),
    ("fulltext catalog", "FULLTEXT CATALOG"),
    ("fulltext stoplist", "FULLTEXT STOPLIST"),
    ("external data source", "EXTERNAL DATA SOURCE"),
    ("external file format", "EXTERNAL FILE FORMAT"),
    ("external library", "EXTERNAL LIBRARY"),
    ("external language", "EXTERNAL LANGUAGE"),
    ("external model", "EXTERNAL MODEL"),
    ("assembly", "ASSEMBLY"),
    ("audit specification", "DATABASE AUDIT SPECIFICATION"),
    ("audit specification", "SERVER AUDIT SPECIFICATION"),
    ("audit", "SERVER AUDIT"),
    ("role", "SERVER ROLE"),
    ("role", "APPLICATION ROLE"),
    ("role", "ROLE"),
    ("user mapping", "USER MAPPING"),
    ("user", "USER"),
    ("login", "LOGIN"),
    ("schema", "SCHEMA"),
    ("operator class", "OPERATOR CLASS"),
    ("operator family", "OPERATOR FAMILY"),
    ("operator", "OPERATOR"),
    ("collation", "COLLATION"),
    ("conversion", "CONVERSION"),
    ("cast", "CAST"),
    ("transform", "TRANSFORM"),
    ("statistics", "STATISTICS"),
    ("language", "LANGUAGE"),
    ("foreign data wrapper", "FOREIGN DATA WRAPPER"),
    ("server", "SERVER"),
    ("text search configuration", "TEXT SEARCH CONFIGURATION"),
    ("text search dictionary", "TEXT SEARCH DICTIONARY"),
    ("text search parser", "TEXT SEARCH PARSER"),
    ("text search template", "TEXT SEARCH TEMPLATE"),
    ("access method", "ACCESS METHOD"),
    ("publication", "PUBLICATION"),
    ("subscription", "SUBSCRIPTION"),
    ("database scoped credential", "DATABASE SCOPED CREDENTIAL"),
    ("credential", "CREDENTIAL"),
    ("database", "DATABASE"),
    ("search property list", "SEARCH PROPERTY LIST"),
    ("message type", "MESSAGE TYPE"),
    ("contract", "CONTRACT"),
    ("queue", "QUEUE"),
    ("service", "SERVICE"),
    ("route", "ROUTE"),
    ("certificate", "CERTIFICATE"),
    ("symmetric key", "SYMMETRIC KEY"),
    ("asymmetric key", "ASYMMETRIC KEY"),
    ("column master key", "COLUMN MASTER KEY"),
    ("column encryption key", "COLUMN ENCRYPTION KEY"),
    ("broker priority", "BROKER PRIORITY"),
    ("remote service binding", "REMOTE SERVICE BINDING"),
    ("tablespace", "TABLESPACE"),
    ("package body", "PACKAGE BODY"),
    ("package", "PACKAGE"),
):
    _phrase = tuple(_words.split())
    PHRASES[_phrase[0]] = (*PHRASES.get(_phrase[0], ()), (_phrase, _kind))
ROLES = {
    "view": RELATION,
    "table": RELATION,
    "function": ROUTINE,
    "procedure": ROUTINE,
    "type": TYPE,
    "sequence": SEQUENCE,
    "synonym": OBJECT,
}
"""The roles in which ALTER names what it changes; other kinds are roles themselves."""
MODULES = frozenset({"view", "procedure", "function", "trigger"})
BEFORE_TABLE = frozenset({"ONLINE", "OFFLINE", "IGNORE"})
"""Words of MySQL between ALTER and TABLE."""
NO_DEFINITION = frozenset(
    {"database", "cast", "transform", "user mapping", "key", "login", "user", "statistics", "index"}
)


def kind_ahead(reader: Reader, index: int) -> tuple[int, str] | None:
    """Return the index of the name and the kind of the object."""
    words = reader.words
    for place in range(index, min(index + LONGEST_HEAD, reader.size)):
        if words[place] in {";", "(", ",", "ON", STRING} and place == index:
            return None
        match = kind_at(reader, place)
        if match and words[place - 1] not in {"=", "SQL"}:
            return match
    return None


def kind_at(reader: Reader, place: int) -> tuple[int, str] | None:
    """Return the index of the name after the words of a kind, and the kind."""
    words = reader.words
    for phrase, kind in PHRASES.get(words[place], ()):
        end = place + len(phrase)
        if words[place:end] == list(phrase):
            end += words[end] == "CONCURRENTLY" and reader.syntax is POSTGRESQL
            if words[end] == "IF":
                end += 3 if words[end + 1] == "NOT" else 2
            return end, kind
    return None


def record(reader: Reader, definition: Definition | None) -> None:
    """Note an object that the file creates; users and logins of SQL Server are no objects, but others name them."""
    if definition and definition.kind in {"user", "login"} and reader.syntax is MSSQL:
        reader.bring(definition.kind, definition.name)
    if definition and definition.kind not in NO_DEFINITION and definition.name.name:
        reader.collector.definitions.setdefault(definition)
