"""Reads CREATE: the objects that a file defines, and what they need at their head."""

from __future__ import annotations

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.builtin_functions import EXTENSION_OBJECTS
from ahjo_tasks.sql.references.columns import add_key, columns, index_column, options
from ahjo_tasks.sql.references.expressions import attributes, type_name
from ahjo_tasks.sql.references.kinds import NO_DEFINITION, ROLES, kind_ahead, record
from ahjo_tasks.sql.references.model import Strength, qualified
from ahjo_tasks.sql.references.reader import CLASSES, OBJECT, RELATION, ROUTINE, TYPE, Reader, begin, listed, skip_list
from ahjo_tasks.sql.references.routines import event_trigger, policy, routine, rule, trigger
from ahjo_tasks.sql.references.signatures import type_key
from ahjo_tasks.sql.references.symbols import operator_ahead
from ahjo_tasks.sql.references.table_parts import bring_index
from ahjo_tasks.sql.references.tokens import STRING, split_name, token_span

OWN_METHODS = frozenset({"BTREE", "HASH", "GIN", "GIST", "SPGIST", "BRIN"})
UNSCOPED = frozenset(
    {
        *("index", "policy", "trigger", "rule", "event trigger", "schema", "role", "extension", "user", "login"),
        *("server", "foreign data wrapper", "language", "publication", "access method"),
    }
)
"""Kinds whose names belong to a table, or to none."""


TEMPORARY_SCHEMAS = {POSTGRESQL: "pg_temp", SQLITE: "temp"}


def create(reader: Reader, index: int) -> int:
    """Read CREATE up to the name, and what the kind of object asks for after it."""
    match = kind_ahead(reader, index + 1)
    if not match:
        return index + 1
    place, kind = match
    if reader.words[index - 1] == "SHOW" and reader.syntax is MYSQL:
        return show_create(reader, place, kind)
    temporary = bool({"TEMP", "TEMPORARY"} & set(reader.words[index + 1 : place]))
    return define(reader, place, kind, temporary=temporary)


def show_create(reader: Reader, place: int, kind: str) -> int:
    """Read SHOW CREATE of MySQL, which creates nothing: it names an object that is there."""
    begin(reader)
    if reader.is_name(place) and kind not in NO_DEFINITION:
        reader.emit(place, ROLES.get(kind, kind))
    return place + 1


def define(reader: Reader, place: int, kind: str, *, temporary: bool = False) -> int:
    """Note the object whose name is at a place."""
    begin(reader)
    if not reader.is_name(place) and kind not in {"schema", "index", "operator", "cast"}:
        return place
    named = reader.is_name(place)
    parts = split_name(reader.tokens[place], reader.syntax) if named else ("",)
    name = qualified(parts)
    if reader.syntax is MSSQL and kind == "procedure" and not name.name:
        return place
    if not name.schema and reader.collector.path and kind not in UNSCOPED:
        name = Name(reader.collector.path[0], name.name)
    if not reader.body:
        reader.object_schema = name.schema
        if name.schema:
            reader.note((name.schema,), "schema", Strength.CREATION, place)
    temporary = temporary or name.name.startswith("#") or name.schema == TEMPORARY_SCHEMAS.get(reader.syntax, "")
    hidden = temporary or (reader.body and kind in {"table", "view"})
    if hidden:
        reader.collector.temporary.add(name.name if reader.syntax is POSTGRESQL else name.name.lower())
    handler = HANDLERS.get(kind)
    if hidden or reader.body:
        return handler(reader, place, None) if handler and kind in {"table", "view", "index"} else place + 1
    definition = Definition(kind, name) if named else None
    if handler:
        return handler(reader, place, definition)
    record(reader, definition)
    if reader.syntax is POSTGRESQL and reader.words[place + 1] == "(":
        return options(reader, place + 1)
    return place + 1


def _view(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read the head of a view; SQLite looks for what it reads when it is read itself."""
    record(reader, definition)
    if reader.syntax is SQLITE and not reader.body:
        reader.strength = Strength.LATE
    return skip_list(reader, place + 1)


def _table(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read the head of a table."""
    record(reader, definition)
    words, place, reader.context, reader.table = reader.words, place + 1, "table", place
    if words[place : place + 2] == ["PARTITION", "OF"]:
        reader.emit(place + 2, RELATION)
        reader.bring("partition", qualified(split_name(reader.tokens[place - 1], reader.syntax)))
        place += 3
    elif words[place] == "OF" and reader.syntax is POSTGRESQL:
        reader.emit(place + 1, TYPE)
        place += 2
    elif words[place] == "LIKE":
        reader.emit(place + 1, RELATION)
        return place + 2
    elif words[place : place + 3] == ["AS", "CLONE", "OF"] and reader.syntax is MSSQL:
        reader.emit(place + 3, RELATION)
        return place + 4
    if words[place] == "(" and words[place + 1] == "LIKE" and reader.syntax is MYSQL:
        reader.emit(place + 2, RELATION)
        return place + 3
    if words[place] == "(" and words[place + 1] not in {"SELECT", "WITH"}:
        return columns(reader, place)
    return place


def _index(reader: Reader, place: int, _made: Definition | None) -> int:
    """Read the table of an index."""
    words, reader.context, name = reader.words, "index", place
    unique = "UNIQUE" in words[max(place - 4, 0) : place]
    if words[place - 1] != "ON":
        place += reader.is_name(place) and words[place] != "ON"
        if words[place] == "USING":
            place += 2
        if words[place] != "ON":
            return place
        place += 1
    place += words[place] == "ONLY" and reader.syntax is POSTGRESQL
    reader.emit(place, RELATION)
    reader.table = place
    if name < place and reader.is_name(name) and words[name] not in {"ON", "USING"}:
        bring_index(reader, name)
    if unique:
        add_key(reader, place + 1 + 2 * (words[place + 1] == "USING"), place)
    if words[place + 1] == "USING":
        place += 2
        if words[place] not in OWN_METHODS:
            reader.emit(place, "access method")
    return _index_columns(reader, place + 1)


def _index_columns(reader: Reader, index: int) -> int:
    """Enter the parentheses of an index, in which operator classes may stand behind columns."""
    if reader.words[index] != "(" or reader.syntax is not POSTGRESQL:
        return skip_list(reader, index)
    reader.push(comma=index_column)
    return index_column(reader, index + 1)


def _type(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a type or a domain."""
    record(reader, definition)
    words, place = reader.words, place + 1
    if words[place - 2] == "DOMAIN":
        return type_name(reader, place + (words[place] == "AS"))
    if words[place] == "FROM":
        return type_name(reader, place + 1)
    if words[place] == "AS":
        place += 1
    listed = _TYPE_LISTS.get(words[place])
    place += listed is not None
    if words[place] != "(":
        return place
    if words[place - 1] == "RANGE" and definition:
        _bring_multirange(reader, place, definition.name)
    if listed is None:
        listed = attributes if words[place - 1] == "AS" else options
    return listed(reader, place)


def _bring_multirange(reader: Reader, index: int, range_name: Name) -> None:
    """Note the type of many ranges that comes along with a type of ranges."""
    words, name = reader.words, range_name.name
    given = (place for place in range(index, reader.closing(index)) if words[place] == "MULTIRANGE_TYPE_NAME")
    option = next(given, None)
    own = name.replace("range", "multirange", 1) if "range" in name else f"{name}_multirange"
    made = Name(range_name.schema, own)
    if option is not None:
        made = qualified(split_name(reader.tokens[option + 2], reader.syntax))
        if made.schema:
            reader.note((made.schema,), "schema", Strength.CREATION, option + 2)
    reader.bring("type", made)


_TYPE_LISTS = {"TABLE": columns, "RANGE": options}
"""Readers of the parentheses of a type, by the word before; without one, attributes after AS, and else options."""


def _sequence(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a sequence."""
    record(reader, definition)
    return type_name(reader, place + 2) if reader.words[place + 1] == "AS" else place + 1


def _synonym(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a synonym; what it stands for is looked for when it is used."""
    record(reader, definition)
    if reader.words[place + 1] == "FOR":
        reader.emit(place + 2, OBJECT, Strength.LATE)
        return place + 3
    return place + 1


OWN_SCHEMAS = {POSTGRESQL: "public", MSSQL: "dbo"}
"""The schemas that are searched after one that a statement creates with objects in it."""


def _schema(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a schema, which may be called like its owner, up to the objects that the same statement creates in it."""
    words = reader.words
    if definition and words[place] == "AUTHORIZATION":
        place += 1
        definition = Definition("schema", qualified(split_name(reader.tokens[place], reader.syntax)))
    record(reader, definition)
    place += 1
    if words[place] == "AUTHORIZATION":
        reader.emit(place + 1, "role")
        place += 2
    own = OWN_SCHEMAS.get(reader.syntax)
    if words[place] in {"CREATE", "GRANT"} and definition and own and not reader.body:
        reader.outer_path = reader.collector.path
        reader.collector.path = (definition.name.name, *(reader.outer_path or (own,)))
    return place


def _late(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read what MySQL keeps as text, whose body binds late."""
    record(reader, definition)
    reader.strength, reader.body = Strength.LATE, True
    return place + 1


def _package(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a package of MariaDB, or its body, which must come after it; its own routines hide others."""
    if reader.words[place - 1] == "BODY" and definition:
        reader.emit(place, "package")
    after = _late(reader, place, definition)
    for index in range(place, reader.size):
        if reader.words[index] in {"FUNCTION", "PROCEDURE"}:
            reader.declare(index + 1)
    return after


def _operator(reader: Reader, place: int, _made: Definition | None) -> int:
    """Read an operator of PostgreSQL, whose name is no word."""
    words, name = reader.words, operator_at(reader, place)
    if name.schema:
        reader.note((name.schema,), "schema", Strength.CREATION, place)
    record(reader, Definition("operator", Name(name.schema or next(iter(reader.collector.path), None), name.name)))
    while place < reader.size and words[place] not in {"(", ";"}:
        place += 1
    return options(reader, place) if words[place] == "(" else place


def operator_at(reader: Reader, place: int) -> Name:
    """Return the name of the operator that stands behind the token before a place."""
    schema, symbol = operator_ahead(reader.text, token_span(reader.text, reader.syntax, place - 1)[1])
    return Name(schema or None, symbol)


CLASS_ROLES = {"FAMILY": "operator family", "STORAGE": TYPE}
"""The roles of names in an operator class, by the words before them."""


def _operator_class(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read an operator class and the type that it is for."""
    record(reader, definition)
    words, place = reader.words, place + 1 + (reader.words[place + 1] == "DEFAULT")
    other = place
    while words[other] not in {";", ""}:
        if words[other] in CLASS_ROLES:
            reader.emit(other + 1, CLASS_ROLES[words[other]])
        other += 1
    return type_name(reader, place + 2) if words[place : place + 2] == ["FOR", "TYPE"] else place


def _extension(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read an extension and the schema that it goes to."""
    record(reader, definition)
    words, name = reader.words, split_name(reader.tokens[place], reader.syntax)[-1]
    place += 1 + (words[place + 1] == "WITH")
    named = words[place] == "SCHEMA"
    schema = reader.key(reader.tokens[place + 1]) if named else next(iter(reader.collector.path), None)
    for known in EXTENSION_OBJECTS.get(name, ()):
        reader.bring("extension object", Name(schema, known))
    if named:
        reader.emit(place + 1, "schema")
        return place + 2
    return place


def _cast(reader: Reader, place: int, _made: Definition | None) -> int:
    """Read CREATE CAST (source AS target) WITH FUNCTION name."""
    if reader.words[place] != "(":
        return place
    reader.push(opener="CAST")
    end = reader.closing(place)
    if "AS" in reader.words[place:end]:
        target = reader.words.index("AS", place) + 1
        reader.bring("cast", Name(None, type_key(reader.tokens[target])))
    type_name(reader, place + 1)
    return place + 2


COPIED_ROLES = {
    "collation": "collation",
    "conversion": ROUTINE,
    "fulltext stoplist": "fulltext stoplist",
    "search property list": "search property list",
}
"""The roles of what follows FROM, by the kind of object that is made from it."""


def _copied(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read what may be made FROM another object of its kind, or by a function."""
    record(reader, definition)
    words = reader.words
    while words[place + 1] not in {"FROM", "(", ";", ""}:
        place += 1
    if words[place + 1] == "(":
        return options(reader, place + 1)
    if words[place + 1] == "FROM" and definition:
        reader.emit(place + 2, COPIED_ROLES[definition.kind])
        return place + 3
    return place + 1


def _foreign(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a server or a user mapping, which name a wrapper or a server."""
    record(reader, definition)
    reader.context = "foreign"
    return place + 1


def _transform(reader: Reader, place: int, _made: Definition | None) -> int:
    """Read CREATE TRANSFORM FOR type LANGUAGE name, with its functions."""
    return type_name(reader, place + 1) if reader.words[place] == "FOR" else place


def _statistics(reader: Reader, place: int, _made: Definition | None) -> int:
    """Read statistics, whose table follows FROM in PostgreSQL and ON in SQL Server."""
    if reader.syntax is MSSQL and reader.words[place + 1] == "ON":
        reader.emit(place + 2, RELATION)
        return skip_list(reader, place + 3)
    reader.scope.query = reader.syntax is POSTGRESQL
    if reader.is_name(place) and reader.words[place] != "ON":
        reader.bring("statistics", qualified(split_name(reader.tokens[place], reader.syntax)))
    return place + 1


def _publication(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a publication and its tables."""
    record(reader, definition)
    return publication_tables(reader, place + 1)


def publication_tables(reader: Reader, index: int) -> int:
    """Read what a publication is for: FOR, ADD or SET with tables and schemas."""
    if reader.words[index] not in {"FOR", "ADD", "SET"} or reader.words[index + 1] not in {"TABLE", "TABLES"}:
        return index + 1
    reader.scope.comma = _published
    return _published(reader, index + 1)


def _published(reader: Reader, index: int) -> int:
    """Read one table of a publication, which may have columns in parentheses, or a schema."""
    words = reader.words
    if words[index : index + 3] == ["TABLES", "IN", "SCHEMA"]:
        reader.scope.comma = _published_schema
        return _published_schema(reader, index + 3)
    index += words[index] == "TABLE"
    index += words[index] == "ONLY"
    reader.emit(index, RELATION)
    return skip_list(reader, index + 1)


def _published_schema(reader: Reader, index: int) -> int:
    """Read one schema of a publication; tables may follow."""
    if reader.words[index] in {"TABLE", "TABLES"}:
        reader.scope.comma = _published
        return _published(reader, index)
    reader.emit(index, "schema")
    return index + 1


def _service(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a service of SQL Server, with its queue and contracts."""
    record(reader, definition)
    words, place = reader.words, place + 1
    place += 2 * (words[place] == "AUTHORIZATION")
    if words[place : place + 2] != ["ON", "QUEUE"]:
        return place
    reader.emit(place + 2, "queue")
    return _listed_needs(reader, place + 3, "contract")


def _notification(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read an event notification of SQL Server, which may be on a queue."""
    record(reader, definition)
    words, service = reader.words, place
    while words[service] not in {"SERVICE", ";", ""}:
        service += 1
    if words[service + 1] == STRING:
        reader.strength = Strength.LATE
        reader.emit_string(service + 1, "service")
        reader.strength = Strength.CREATION
    if words[place + 1 : place + 3] != ["ON", "QUEUE"]:
        return place + 1
    reader.emit(place + 3, "queue")
    return place + 4


def _contract(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a contract of SQL Server, with its types of messages."""
    record(reader, definition)
    return _listed_needs(reader, place + 1 + 2 * (reader.words[place + 1] == "AUTHORIZATION"), "message type")


def _listed_needs(reader: Reader, index: int, role: str) -> int:
    """Read the names in the parentheses at an index, if there are any."""
    for place in listed(reader, index):
        reader.emit(place, role)
    return reader.closing(index) + 1 if reader.words[index] == "(" else index


def _audit_specification(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read what an audit of SQL Server is to watch."""
    record(reader, definition)
    return audited(reader, place + 1)


def audited(reader: Reader, index: int) -> int:
    """Read FOR SERVER AUDIT, and ADD and DROP with actions on objects by users, as `(SELECT ON dbo.t BY u)`."""
    words = reader.words
    if words[index : index + 3] == ["FOR", "SERVER", "AUDIT"]:
        reader.emit(index + 3, "audit")
        index += 4
    while words[index] in {"ADD", "DROP", ","} and "(" in words[index + 1 : index + 3]:
        adds, index = "ADD" in words[index : index + 2], words.index("(", index)
        end = reader.closing(index)
        if adds and "ON" in words[index:end]:
            _audited_object(reader, words.index("ON", index) + 1, end)
        index = end + 1
    return index


def _audited_object(reader: Reader, index: int, end: int) -> None:
    """Read an object, perhaps behind its class, and the users whose actions on it are watched."""
    words = reader.words
    classed = words[index + 1] == "::"
    reader.emit(index + 2 * classed, CLASSES.get(words[index], OBJECT) if classed else OBJECT)
    for place in range(words.index("BY", index) if "BY" in words[index:end] else end, end):
        if words[place] in {"BY", ","}:
            reader.emit(place + 1, "role")


HANDLERS = {
    "view": _view,
    "audit specification": _audit_specification,
    "table": _table,
    "index": _index,
    "function": routine,
    "procedure": routine,
    "trigger": trigger,
    "event trigger": event_trigger,
    "rule": rule,
    "policy": policy,
    "type": _type,
    "sequence": _sequence,
    "synonym": _synonym,
    "schema": _schema,
    "event": _late,
    "package": _package,
    "package body": _package,
    "operator": _operator,
    "operator class": _operator_class,
    "extension": _extension,
    "cast": _cast,
    "collation": _copied,
    "conversion": _copied,
    "fulltext stoplist": _copied,
    "search property list": _copied,
    "transform": _transform,
    "server": _foreign,
    "user mapping": _foreign,
    "statistics": _statistics,
    "publication": _publication,
    "service": _service,
    "event notification": _notification,
    "contract": _contract,
}
"""Readers of what follows the name of an object, by its kind; None stands for what is no object of the file's own."""
