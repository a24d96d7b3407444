"""Reads calls of SQL Server's own procedures, whose strings name objects that must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.references.kinds import ROLES, record
from ahjo_tasks.sql.references.model import MOVED, qualified
from ahjo_tasks.sql.references.reader import CLASSES, OBJECT, RELATION, ROUTINE, SEQUENCE, TYPE, Reader
from ahjo_tasks.sql.references.tokens import STRING, split_name, string_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Argument(NamedTuple):
    """The string that a call passes, and the index of its token."""

    text: str = ""
    place: int = 0


NO_VALUE = Argument()
COLUMN_OR_TYPE = "column or type"
"""The role in which the procedures that bind a default or a rule name a column with its table, or a type."""
CREATED = "created "
"""The first word of the role in which a procedure names what it creates."""
ARGUMENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "sp_bindefault": (("defname", "default"), ("objname", COLUMN_OR_TYPE)),
    "sp_bindrule": (("rulename", "rule"), ("objname", COLUMN_OR_TYPE)),
    "sp_addrolemember": (("rolename", "role"), ("membername", "role")),
    "sp_addtype": (("typename", f"{CREATED}type"),),
    "sp_addrole": (("rolename", f"{CREATED}role"),),
    "sp_adduser": (("loginame", "login"), ("name_in_db", f"{CREATED}user"), ("grpname", "role")),
    "sp_grantdbaccess": (("loginame", "login"), ("name_in_db", f"{CREATED}user")),
    "sp_addlogin": (("loginame", f"{CREATED}login"),),
    "sp_grantlogin": (("loginame", f"{CREATED}login"),),
    "sp_addapprole": (("rolename", f"{CREATED}role"),),
    "sp_sequence_get_range": (("sequence_name", SEQUENCE),),
    "sp_procoption": (("procname", ROUTINE),),
    "sp_settriggerorder": (("triggername", "trigger"),),
    "sp_tableoption": (("tablenamepattern", RELATION),),
    "sp_autostats": (("tblname", RELATION),),
    "sp_changeobjectowner": (("objname", OBJECT),),
}
"""The parameters of procedures that name an object, in their order from the first one on, and its role.

Those that refresh or take away what is there are left out: as DROP does, they name what may need their own file.
"""
OF_THE_SERVER = frozenset({"sp_addlogin", "sp_grantlogin"})
"""Those that work on the server, from whatever database they are called."""
RENAMED_KINDS = {"COLUMN": "column", "INDEX": "index", "STATISTICS": "statistics", "USERDATATYPE": "type"}
"""The kinds of what sp_rename names anew, by its types; all others are objects."""
LEVELS = ("name", "value", "level0type", "level0name", "level1type", "level1name")
OF_TYPES = {"TABLE_TYPE": TYPE, **CLASSES}
"""The roles of the types of objects that have extended properties; of all others they are kinds."""


def system_procedure(reader: Reader, index: int) -> None:
    """Read the arguments of the procedure at an index, if its strings name objects."""
    name = reader.key(reader.tokens[index])
    if name not in OF_THE_SERVER and of_another_database(reader, index):
        return
    if parameters := ARGUMENTS.get(name):
        values = _values(reader, index + 1, [parameter for parameter, _ in parameters])
        for parameter, role in parameters:
            _named(reader, role, values.get(parameter, NO_VALUE))
    elif read := READERS.get(name):
        read(reader, index + 1)


def of_another_database(reader: Reader, index: int) -> bool:
    """Tell whether the name of a procedure says a database: a system procedure then works in that one."""
    return any(split_name(reader.tokens[index], reader.syntax)[:-2])


def _values(reader: Reader, index: int, parameters: Sequence[str]) -> dict[str, Argument]:
    """Return the strings that a call passes, by its parameters."""
    return {
        parameter: Argument(string_value(reader.tokens[place], reader.syntax), place)
        for parameter, place in passed(reader, index, parameters).items()
        if reader.words[place] == STRING
    }


def passed(reader: Reader, index: int, parameters: Sequence[str]) -> dict[str, int]:
    """Return the tokens that a call passes, by its parameters; without their names they come in order."""
    words, places, position = reader.words, dict[str, int](), 0
    while True:
        named = words[index + 1] == "=" and words[index].startswith("@")
        parameter = words[index][1:].lower() if named else "".join(parameters[position : position + 1])
        index += 2 * named
        if words[index] not in {",", ";", ""}:  # a number is no token
            places[parameter] = index
            index += 1
        index += words[index] in {"OUT", "OUTPUT"}
        if words[index] != ",":
            return places
        index, position = index + 1, position + 1


def _named(reader: Reader, role: str, value: Argument) -> None:
    """Note what a string names."""
    parts, index = split_name(value.text, reader.syntax) if value.text else (), value.place
    if not parts:
        return
    if role.startswith(CREATED):
        record(reader, Definition(role.removeprefix(CREATED), qualified(parts)) if not reader.body else None)
    elif role == COLUMN_OR_TYPE:
        reader.note(parts, TYPE, reader.strength, index)
        reader.note(parts[:-1] or parts, RELATION, reader.strength, index)
    else:
        reader.note(parts, role, reader.strength, index)


def _renamed(reader: Reader, index: int) -> None:
    """Read sp_rename: what it names anew, and the new name of it, or of a column."""
    values = _values(reader, index, ("objname", "newname", "objtype"))
    (old_name, place), (new, _) = values.get("objname", NO_VALUE), values.get("newname", NO_VALUE)
    if not old_name or not new:
        return
    old = split_name(old_name, reader.syntax)
    kind = RENAMED_KINDS.get(values.get("objtype", NO_VALUE).text.upper(), MOVED)
    table = qualified(old[:-1]) if kind == "column" and len(old) > 1 else None
    reader.note(old[:-1] if table else old, OBJECT, reader.strength, place)
    schema = table.schema if table else qualified(old).schema
    reader.bring(kind, Name(schema, new), table)


def _described(reader: Reader, index: int) -> None:
    """Read the object that an extended property belongs to; what is within it, it brings along."""
    values = _values(reader, index, LEVELS)
    outer, inner = values.get("level0name", NO_VALUE), values.get("level1name", NO_VALUE)
    if inner.text:
        reader.note((outer.text, inner.text), _role(values.get("level1type")), reader.strength, inner.place)
    elif outer.text:
        reader.note((outer.text,), _role(values.get("level0type")), reader.strength, outer.place)


def _role(kind: Argument | None) -> str:
    """Return the role of the objects of a type."""
    word = (kind or NO_VALUE).text
    return OF_TYPES.get(word.upper()) or ROLES.get(word.lower(), word.lower())


def _captured(reader: Reader, index: int) -> None:
    """Read the table whose changes are captured."""
    values = _values(reader, index, ("source_schema", "source_name"))
    schema, name = values.get("source_schema", NO_VALUE), values.get("source_name", NO_VALUE)
    if name.text:
        reader.note((schema.text, name.text), RELATION, reader.strength, name.place)


def _published(reader: Reader, index: int) -> None:
    """Read the object that becomes an article of a publication."""
    values = _values(reader, index, ("publication", "article", "source_table"))  # the third one is called otherwise now
    name = values.get("source_object") or values.get("source_table", NO_VALUE)
    if name.text:
        reader.note((values.get("source_owner", NO_VALUE).text, name.text), OBJECT, reader.strength, name.place)


READERS: dict[str, Callable[[Reader, int], None]] = {
    "sp_rename": _renamed,
    **dict.fromkeys(("sp_addextendedproperty", "sp_updateextendedproperty"), _described),
    "sp_cdc_enable_table": _captured,
    **dict.fromkeys(("sp_addarticle", "sp_addmergearticle"), _published),
}
"""Readers of the arguments of the other procedures."""
