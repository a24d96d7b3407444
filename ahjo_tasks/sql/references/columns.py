"""Reads lists of columns, parameters and options: the types, relations and routines that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.expressions import attributes, type_name
from ahjo_tasks.sql.references.model import INDEX_OF_PARTITION, MADE_ALONG, MOVED, Strength, key_role, qualified
from ahjo_tasks.sql.references.queries import relation
from ahjo_tasks.sql.references.reader import MARKS, OBJECT, RELATION, ROUTINE, TYPE, Reader, begin, listed_names
from ahjo_tasks.sql.references.signatures import MODES
from ahjo_tasks.sql.references.storage import STORAGE_ACTIONS, filegroups_of_scheme
from ahjo_tasks.sql.references.table_parts import TABLE_ACTIONS, bring_sequence, note_key
from ahjo_tasks.sql.references.tokens import STRING, split_name, word_set

if TYPE_CHECKING:
    from ahjo_tasks.sql.references.reader import Action, Closing

NO_COLUMN = word_set(
    "CONSTRAINT PRIMARY UNIQUE CHECK FOREIGN EXCLUDE INDEX KEY FULLTEXT SPATIAL PERIOD PARTITION VALUES DEFAULT "
    "MEMBER FILTER BLOCK SIGNATURE RULE ATTRIBUTE STATISTICS"
)
"""Words that begin an element of a table that is no column."""
RESERVED = word_set("CONSTRAINT PRIMARY UNIQUE CHECK FOREIGN LIKE")
"""Words that begin an element that is no column in PostgreSQL, where all others may be names of columns."""
NO_TYPE = MARKS | word_set(
    "AS GENERATED DEFAULT NOT NULL PRIMARY UNIQUE CHECK REFERENCES CONSTRAINT COLLATE IDENTITY WITH COLUMN_SET"
)
GENERATED = (["GENERATED", "ALWAYS"], ["GENERATED", "BY"])
NO_OPERATOR_CLASS = word_set("ASC DESC NULLS WITH")
SERIAL = word_set("SERIAL BIGSERIAL SMALLSERIAL SERIAL2 SERIAL4 SERIAL8")
OPTIONS = {
    **dict.fromkeys(
        word_set(
            "SFUNC FINALFUNC COMBINEFUNC SERIALFUNC DESERIALFUNC MSFUNC MINVFUNC MFINALFUNC FUNCTION PROCEDURE"
            " RESTRICT JOIN INPUT OUTPUT RECEIVE SEND TYPMOD_IN TYPMOD_OUT ANALYZE SUBSCRIPT CANONICAL SUBTYPE_DIFF"
            " START GETTOKEN END LEXTYPES HEADLINE INIT LEXIZE"
        ),
        ROUTINE,
    ),
    **dict.fromkeys(word_set("STYPE MSTYPE BASETYPE LEFTARG RIGHTARG SUBTYPE ELEMENT LIKE"), TYPE),
    "COLLATION": "collation",
    "DATA_SOURCE": "external data source",
    "FILE_FORMAT": "external file format",
    "PROCEDURE_NAME": ROUTINE,
    "TEMPLATE": "text search template",
    "PARSER": "text search parser",
    "COPY": "text search configuration",
}
"""The kinds of objects that options of definitions name."""


def columns(reader: Reader, index: int, close: Closing | None = None) -> int:
    """Enter the parentheses of a table, which hold columns and constraints."""
    reader.push(close=close, comma=column)
    return column(reader, index + 1)


def column(reader: Reader, index: int) -> int:
    """Read the beginning of an element: a column and its type."""
    words = reader.words
    if words[index] == "LIKE" and reader.is_name(index + 1):
        reader.emit(index + 1, RELATION)
        return index + 2
    if words[index : index + 2] == ["EXCLUDE", "USING"] and words[index + 3] == "(":
        return _excluded(reader, index + 3)
    if words[index] in {"CONSTRAINT", "PRIMARY", "UNIQUE"} and reader.context == "alter" and not reader.scope.parent:
        _key(reader, index)
    if not reader.is_name(index) or words[index] in (NO_COLUMN if reader.syntax is not POSTGRESQL else RESERVED):
        return index
    reader.column = index
    if reader.context == "alter":
        _bring_column(reader, index)
    if words[index + 1] in SERIAL and reader.syntax is POSTGRESQL:
        bring_sequence(reader)
    if words[index + 1] in NO_TYPE or reader.syntax not in {MSSQL, POSTGRESQL}:
        return index + 1
    return type_name(reader, index + 1)


def _bring_column(reader: Reader, index: int) -> None:
    """Note a column that ALTER TABLE adds or names anew."""
    table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
    name = split_name(reader.tokens[index], reader.syntax)[-1]
    reader.bring("column", Name(table.schema, name), table)


def _bring_renamed(reader: Reader, parts: tuple[str, ...]) -> None:
    """Note the name that an object gets by ALTER."""
    old, new = qualified(split_name(reader.tokens[reader.table], reader.syntax)), qualified(parts)
    reader.bring(reader.altered, Name(new.schema or old.schema, new.name))


def _excluded(reader: Reader, index: int) -> int:
    """Read the list of EXCLUDE; that a GiST index compares by `=` is mostly the work of an extension."""
    words = reader.words
    compared = [place for place in range(index, reader.closing(index)) if words[place : place + 2] == ["WITH", "="]]
    if words[index - 1] == "GIST" and any(words[place + 2] in {",", ")"} for place in compared):
        reader.note(("btree_gist",), "extension", Strength.MAYBE, index)
    reader.push(comma=index_column)
    return index_column(reader, index + 1)


def index_column(reader: Reader, index: int) -> int:
    """Read a column or an expression of an index, and the operator class behind it."""
    words = reader.words
    end = index + (words[index] != "(")
    end = reader.closing(end) + 1 if words[end] == "(" else end
    end += 2 * (words[end] == "COLLATE")
    if reader.is_name(end) and words[end] not in NO_OPERATOR_CLASS:
        reader.emit(end, "operator class")
    return index


def _key(reader: Reader, index: int) -> None:
    """Note a key that ALTER TABLE adds."""
    words = reader.words
    index += 2 * (words[index] == "CONSTRAINT")
    word = words[index]
    if word not in {"PRIMARY", "UNIQUE"}:
        return
    while reader.is_name(index):
        index += 1
    add_key(reader, index, reader.table, primary=word == "PRIMARY")


def add_key(reader: Reader, index: int, table: int, *, primary: bool = False) -> None:
    """Note the key of a table whose columns stand in the parentheses at an index."""
    note_key(reader, table, listed_names(reader, index), primary=primary)


def added(reader: Reader, index: int) -> int:
    """Read what ALTER TABLE adds, and the module that ADD SIGNATURE of SQL Server names."""
    words = reader.words
    if reader.syntax is MSSQL and "SIGNATURE" in words[index + 1 : index + 3]:
        place = words.index("SIGNATURE", index) + 2
        reader.emit(place + 2 * (words[place + 1] == "::"), OBJECT)
        return place + 1
    other = reader.altered != "table" if reader.syntax is MSSQL else reader.altered == "database"
    if reader.context != "alter" or reader.scope.parent or other:
        return index + 1
    place = index + 1
    if words[reader.table - 1] in {"FAMILY", "CONFIGURATION"} or words[place : place + 2] in GENERATED:
        return place
    place += words[place] == "COLUMN" or (words[place] == "ATTRIBUTE" and words[place + 2] not in NO_TYPE)
    if words[place : place + 3] == ["IF", "NOT", "EXISTS"]:
        place += 3
    if reader.syntax is MSSQL:
        reader.scope.comma = column
    if words[place] == "(":
        return columns(reader, place)
    return column(reader, place)


def _renamed_table(reader: Reader, index: int) -> int:
    """Read one item of RENAME TABLE of MySQL."""
    reader.table, reader.altered = index, "table"
    reader.emit(index, RELATION)
    to = reader.words.index("TO", index) if "TO" in reader.words[index:] else reader.size
    if reader.is_name(to + 1):
        _bring_renamed(reader, split_name(reader.tokens[to + 1], reader.syntax))
    return to + 2


def _renamed_object(reader: Reader, index: int) -> int:
    """Read RENAME OBJECT of Azure Synapse, with a new name for the object or one of its columns."""
    words = reader.words
    begin(reader)
    index += words[index] == "::"
    reader.table, reader.altered = index, MOVED
    reader.emit(index, OBJECT)
    if words[index + 1] == "COLUMN" and words[index + 3] == "TO" and reader.is_name(index + 4):
        _bring_column(reader, index + 4)
        return index + 5
    if words[index + 1] == "TO" and reader.is_name(index + 2):
        _bring_renamed(reader, split_name(reader.tokens[index + 2], reader.syntax))
        return index + 3
    return index + 1


RENAMED_PARTS = frozenset({"COLUMN", "INDEX", "KEY"})
"""Words after RENAME of MySQL's ALTER TABLE before the name of a part; any other word is the new name of the table."""


def renamed(reader: Reader, index: int) -> int:
    """Read RENAME and CHANGE of a column, which gets a new name."""
    words = reader.words
    if words[index + 1] == "OBJECT" and reader.syntax is MSSQL:
        return _renamed_object(reader, index + 2)
    if words[index + 1] in {"TABLE", "TABLES"} and reader.syntax is MYSQL:
        reader.scope.comma = _renamed_table
        return _renamed_table(reader, index + 2)
    if reader.context != "alter" or reader.scope.parent:
        return index + 1
    place = index + 1 + (words[index + 1] == "COLUMN")
    if words[place - 1 : place + 1] in (["RENAME", "TO"], ["RENAME", "AS"]):
        _bring_renamed(reader, split_name(reader.tokens[place + 1], reader.syntax))
    elif words[place - 1] == "RENAME" and reader.syntax is MYSQL and words[place] not in RENAMED_PARTS:
        _bring_renamed(reader, split_name(reader.tokens[place], reader.syntax))
    elif words[index] == "CHANGE" and reader.syntax is MYSQL and reader.is_name(place + 1):
        _bring_column(reader, place + 1)
    elif (
        words[index] == "RENAME"
        and words[place + 1] == "TO"
        and words[place] not in {"CONSTRAINT", "TO", "INDEX", "KEY"}
    ):
        _bring_column(reader, place + 2)
    return place


def altered_type(reader: Reader, index: int) -> int:
    """Read the TYPE that a column gets, and of MariaDB the TYPE OF a column or a ROW."""
    if reader.words[index + 1] == "OF" and reader.syntax is MYSQL:
        reader.emit(index + 2, RELATION, column=reader.words[index - 1] != "ROW")
        return index + 3
    return type_name(reader, index + 1) if reader.context == "alter" and not reader.scope.parent else index + 1


def parameter(reader: Reader, index: int) -> int:
    """Read a parameter of a routine of PostgreSQL: mode, name and type."""
    words = reader.words
    while words[index] in MODES and reader.is_name(index + 1):
        index += 1
    if not reader.is_name(index):
        return index
    alone = words[index + 1] in MARKS or words[index + 1] == "DEFAULT"
    return type_name(reader, index if alone else index + 1)


def variable(reader: Reader, index: int) -> int:
    """Read a variable or a parameter of SQL Server with its type."""
    words = reader.words
    if not reader.tokens[index].startswith("@"):
        return index
    index += 1 + (words[index + 1] == "AS")
    if words[index] == "TABLE" and words[index + 1] == "(":
        return columns(reader, index + 1)
    if words[index] in {"CURSOR", "TABLE"} or not reader.is_name(index):
        return index
    return _type_at_creation(reader, index)


def declare(reader: Reader, index: int) -> int:
    """Read DECLARE: variables have types, which the database knows when it creates the body."""
    if reader.syntax is MSSQL and reader.tokens[index + 1].startswith("@"):
        reader.scope.comma = variable
        return variable(reader, index + 1)
    if reader.syntax is POSTGRESQL and reader.procedural:
        return declaration(reader, index + 1)
    return index + 1


def declaration(reader: Reader, index: int) -> int:
    """Read a variable of PL/pgSQL; its type is known when the routine is created."""
    if not reader.is_name(index) or reader.words[index] == "BEGIN":
        reader.context = ""
        return index
    reader.context = "declare"
    place = index + 1 + (reader.words[index + 1] == "CONSTANT")
    if reader.words[place] in {"CURSOR", "ALIAS", "NO", "SCROLL"}:
        return place
    return _type_at_creation(reader, place)


def _type_at_creation(reader: Reader, index: int) -> int:
    """Read a type that the database looks up when it creates the body, although the body binds late."""
    strength, reader.strength = reader.strength, Strength.CREATION
    index = type_name(reader, index)
    reader.strength = strength
    return index


def options(reader: Reader, index: int) -> int:
    """Enter parentheses that hold options, as `SFUNC = name`."""
    reader.push(comma=option)
    return option(reader, index + 1)


def option(reader: Reader, index: int) -> int:
    """Read an option and what it names."""
    words = reader.words
    if words[index + 1] != "=":
        return index
    role = OPTIONS.get(words[index])
    if role and reader.is_name(index + 2):
        reader.emit(index + 2, role)
    return index + 3 if words[index + 2] not in {"(", ")", ","} else index + 2


def references(reader: Reader, index: int) -> int:
    """Read the table that a foreign key refers to; it is not looked for now on SQLite, and where checks are off."""
    if not reader.is_name(index + 1) or reader.words[index + 1] in {"ON", "TO"}:
        return index + 1
    later = max(reader.strength, Strength.LATE)
    unchecked = later if reader.collector.unchecked_keys else None
    reader.emit(index + 1, RELATION, later if reader.syntax is SQLITE else unchecked)
    reader.emit(index + 1, key_role(listed_names(reader, index + 2)), unchecked)
    if reader.context in {"table", "alter"} and not reader.body:
        child, parent = (split_name(reader.tokens[place], reader.syntax) for place in (reader.table, index + 1))
        reader.collector.foreign_keys.setdefault((qualified(child), qualified(parent)))
    if reader.words[index + 2] == "(":
        return reader.closing(index + 2) + 1
    return index + 2


def inherits(reader: Reader, index: int) -> int:
    """Read INHERITS (parents), and INHERIT of a table that is altered."""
    if reader.words[index] == "INHERIT" and reader.context == "alter" and reader.words[index - 1] != "NO":
        reader.emit(index + 1, RELATION)
        return index + 2
    if reader.words[index + 1] != "(":
        return index + 1
    reader.push(comma=relation)
    return relation(reader, index + 2)


def owned_by(reader: Reader, index: int) -> int:
    """Read the column that a sequence is OWNED BY."""
    if reader.words[index + 1] == "BY" and "." in reader.tokens[index + 2]:
        reader.emit(index + 2, RELATION, column=True)
        return index + 3
    return index + 1


def of_type(reader: Reader, index: int) -> int:
    """Read OF of a table of PostgreSQL that is altered, which names its type."""
    if reader.syntax is POSTGRESQL and reader.context == "alter" and index == reader.table + 1:
        return type_name(reader, index + 1)
    return index + 1


def equal_name(role: str) -> Action:
    """Read an option outside of a list of options, as `HISTORY_TABLE = name`; some take the name as a string."""

    def read(reader: Reader, index: int) -> int:
        if reader.words[index + 1 : index + 3] == ["=", STRING]:
            reader.emit_string(index + 2, role)
            return index + 3
        if reader.words[index + 1] == "=" and reader.is_name(index + 2):
            reader.emit(index + 2, role)
            return index + 3
        return index + 1

    return read


def history_table(reader: Reader, index: int) -> int:
    """Read HISTORY_TABLE, a table that is made unless it is there."""
    if reader.words[index + 1] != "=" or not reader.is_name(index + 2):
        return index + 1
    reader.emit(index + 2, RELATION)
    reader.bring(MADE_ALONG, qualified(split_name(reader.tokens[index + 2], reader.syntax)))
    return index + 3


def ledger(reader: Reader, index: int) -> int:
    """Read LEDGER of a table, which has a view, by a name of its own or by the table's."""
    words, table = reader.words, qualified(split_name(reader.tokens[reader.table], reader.syntax))
    if words[index + 1 : index + 3] != ["=", "ON"] or reader.context != "table" or reader.syntax is not MSSQL:
        return index + 1
    places = range(index + 3, reader.closing(index + 3) if words[index + 3] == "(" else index + 3)
    named = next((place + 2 for place in places if words[place : place + 2] == ["LEDGER_VIEW", "="]), 0)
    view = qualified(split_name(reader.tokens[named], reader.syntax)) if named else None
    reader.bring(MADE_ALONG, view or Name(table.schema, f"{table.name}_Ledger"))
    return named + 1 if named else index + 3


def named_by_kind(role: str, *before: str) -> Action:
    """Read the word of a kind of SQL Server, and the object that it says behind one of the words before it."""

    def read(reader: Reader, index: int) -> int:
        place = index + 1 + (reader.words[index + 1] == "=")
        column = reader.scope.query and reader.words[index - 1] in {"(", ","}
        if reader.syntax is MSSQL and reader.words[index - 1] in before and reader.is_name(place) and not column:
            reader.emit(place, role)
            return place + 1
        return index + 1

    return read


def key_of_encryption(reader: Reader, index: int) -> int:
    """Read SYMMETRIC KEY and ASYMMETRIC KEY of SQL Server, which encrypt, sign, or are opened."""
    words = reader.words
    kind = words[index - 1] if words[index - 1] in {"SYMMETRIC", "ASYMMETRIC"} else ""
    if kind and words[index - 2] in {"BY", "FROM", "FOR", "OPEN", ","} and reader.is_name(index + 1):
        reader.emit(index + 1, f"{kind.lower()} key")
        return index + 2
    return index + 1


def returns(reader: Reader, index: int) -> int:
    """Read the type that a routine returns."""
    words = reader.words
    place = index + 1 + (words[index + 1] == "SETOF")
    if reader.syntax is MSSQL and not reader.on_as:
        return index + 1
    if words[place] == "TABLE":
        if reader.syntax is MSSQL:
            reader.late = Strength.CREATION  # one SELECT, which is bound like a view
            return columns(reader, place + 1) if words[place + 1] == "(" else place + 1
        return attributes(reader, place + 1) if words[place + 1] == "(" else place + 1
    if reader.tokens[place].startswith("@") and words[place + 1] == "TABLE":
        return columns(reader, place + 2) if words[place + 2] == "(" else place + 2
    if words[place] in {"NULL", "EXTERNAL"} or reader.syntax is MYSQL:
        return place + 1
    return type_name(reader, place)


def partition(reader: Reader, index: int) -> int:
    """Read ATTACH PARTITION, PARTITION BY of a table, and the function that a partition scheme uses."""
    words = reader.words
    if words[index - 1] in {"ATTACH", "DETACH"}:
        of_index = reader.context == "alter index"
        reader.emit(index + 1, "index" if of_index else RELATION)
        if of_index:
            reader.emit(index + 1, INDEX_OF_PARTITION)
        elif words[index - 1] == "ATTACH":
            reader.bring("partition", qualified(split_name(reader.tokens[index + 1], reader.syntax)))
        return index + 2
    if (
        words[index + 1] == "BY"
        and reader.syntax is POSTGRESQL
        and reader.context == "table"
        and words[index + 3] == "("
    ):
        reader.push(comma=index_column)
        return index_column(reader, index + 4)
    if words[index - 1] == "AS" and words[index + 1] not in {"OF", "BY"} and not reader.scope.query:
        reader.emit(index + 1, "partition function")
        return filegroups_of_scheme(reader, index + 2)
    return index + 1


def schema_collection(reader: Reader, index: int) -> int:
    """Read WITH SCHEMA COLLECTION of a type of messages of SQL Server."""
    if reader.words[index - 2 : index] == ["WITH", "SCHEMA"] and reader.syntax is MSSQL:
        reader.emit(index + 1, "xml schema collection")
        return index + 2
    return index + 1


COLUMN_ACTIONS: dict[str, Action] = {
    "ADD": added,
    "RENAME": renamed,
    "CHANGE": renamed,
    "TYPE": altered_type,
    "REFERENCES": references,
    "INHERITS": inherits,
    "INHERIT": inherits,
    **TABLE_ACTIONS,
    "OWNED": owned_by,
    "OF": of_type,
    **STORAGE_ACTIONS,
    "RETURNS": returns,
    "PARTITION": partition,
    "DECLARE": declare,
    "HISTORY_TABLE": history_table,
    "LEDGER": ledger,
    "PROCEDURE_NAME": equal_name(ROUTINE),
    "COLLECTION": schema_collection,
    "DATA_SOURCE": equal_name("external data source"),
    "FORMATFILE_DATA_SOURCE": equal_name("external data source"),
    "FILE_FORMAT": equal_name("external file format"),
    "CREDENTIAL": equal_name("database scoped credential"),
    "STOPLIST": named_by_kind("fulltext stoplist", "WITH", "(", ",", "SET"),
    "LIST": named_by_kind("search property list", "PROPERTY"),
    "CERTIFICATE": named_by_kind("certificate", "BY", "FROM", "FOR"),
    "ASSEMBLY": named_by_kind("assembly", "FROM"),
    "LOGIN": named_by_kind("login", "FROM", "FOR"),
    "KEY": key_of_encryption,
    "COLUMN_MASTER_KEY": equal_name("column master key"),
    "COLUMN_ENCRYPTION_KEY": equal_name("column encryption key"),
    "CONTRACT_NAME": equal_name("contract"),
    "LOCAL_SERVICE_NAME": equal_name("service"),
    "CONTRACT": named_by_kind("contract", "ON"),
}
