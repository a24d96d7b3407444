"""Index of the objects that files create, and so of the files that each file needs, as the database resolves names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.sql_file import split
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import MSSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.builtin_functions import BUILTIN_FUNCTIONS, BUILTIN_TYPES, EXTENSION_OPERATORS
from ahjo_tasks.sql.references.model import (
    INDEX_OF_PARTITION,
    MADE_ALONG,
    MOVED,
    PRIMARY,
    Reference,
    Strength,
    key_role,
    part_name,
    qualified,
    serves,
)
from ahjo_tasks.sql.references.symbols import BUILTIN_OPERATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.project.sql_file import FileText, SqlFile
    from ahjo_tasks.sql.references.model import Use
    from ahjo_tasks.sql.references.signatures import Arguments, Signature

KINDS_OF_ROLE: dict[str, frozenset[str]] = {
    "relation": frozenset({"table", "view", "synonym", "sequence", "queue", MOVED}),
    "routine": frozenset({"function", "procedure", "synonym", MOVED}),
    "type": frozenset({"type"}),
    "sequence": frozenset({"sequence", "synonym", MOVED}),
    "role": frozenset({"role", "user"}),
    "language": frozenset({"language", "extension"}),
    "foreign data wrapper": frozenset({"foreign data wrapper", "extension"}),
    "event trigger": frozenset({"trigger"}),
    "object": frozenset({"table", "view", "synonym", "sequence", "function", "procedure", "type", MOVED}),
}
"""The kinds of objects that a name may stand for by its role; any other role is a kind itself."""
ROW_TYPES = frozenset({"table", "view"})
"""The kinds of objects whose rows are types in PostgreSQL."""
BROUGHT_ROLES = frozenset(
    {*("relation", "routine", "type", "object"), *("operator class", "access method", "text search dictionary")}
)
"""The roles of what an extension may bring."""
SEPARATORS = re.compile(r"[\"`\]\\ ]")
"""Characters that stand twice or behind another in a quoted name, and what parts a table from what belongs to it."""
MOST_NAMES = 300
"""Names that texts are searched for; of more it is faster to read all files."""
SCHEMALESS = frozenset(
    {
        *(
            "trigger",
            "schema",
            "role",
            "user",
            "login",
            "filegroup",
            "partition scheme",
            "partition function",
            "assembly",
        ),
        *("extension", "language", "server", "foreign data wrapper", "publication"),
        *("access method",),
    }
)
"""Kinds whose names belong to no schema."""
DATABASE_PARTS = 3
SERVER_PARTS = 4


class ObjectOwner(NamedTuple):
    """An object and the number of the file that creates it; `schema` is empty for the database's own."""

    name: str
    schema: str
    kind: str
    file: int
    signatures: tuple[Signature, ...] = ()


class Need(NamedTuple):
    """The reason why a file needs another one."""

    strength: Strength
    reference: Reference | None = None
    use: Use | None = None


class Meaning(NamedTuple):
    """Meaning of a symbol, sure or not: something of a file, for users of the files of some types, or for all."""

    symbol: str
    file: int
    types: set[int]
    certain: bool


Needs = dict[int, dict[int, Need]]
"""For each file, by its number, the files that it needs."""


def owned(file: SqlFile) -> Iterator[tuple[Name, str]]:
    """Yield the names by which others may mean what a file creates, each with its kind."""
    for definition in (*file.definitions, *file.brought):
        yield definition.name, definition.kind
        if definition.table and definition.kind not in {"column", "index"}:
            yield part_name(definition.table, definition.name.name), "part"
        elif definition.kind == "type" and file.dialect.syntax is POSTGRESQL:  # the type of its arrays
            yield Name(definition.name.schema, f"_{definition.name.name}"), "type"
    for key in file.keys:
        yield key.table, key_role(key.columns)
        if key.primary:
            yield key.table, key_role(())
            yield key.table, " ".join((PRIMARY, *(column.lower() for column in key.columns)))


def concerned(texts: Sequence[FileText], changed: set[int]) -> dict[int, SqlFile]:
    """Read the changed files, by their numbers, and all that may need one of them, directly or through others.

    What a file needs it names: only texts with the name of an object of a file that was read are read, in any case.
    Among these files the needs are those that they have among all. Raises SourceError for SQL that cannot be split.
    """
    if len(changed) > MOST_NAMES:
        return {number: split(text) for number, text in enumerate(texts)}
    left = {number: text.text.casefold() for number, text in enumerate(texts)}
    files: dict[int, SqlFile] = {}
    names: set[str] = set()
    waiting = changed | {number for number, text in left.items() if 'u&"' in text}
    while waiting:
        read = {number: split(texts[number]) for number in sorted(waiting)}
        files |= read
        left = {number: text for number, text in left.items() if number not in read}
        new = {name for file in read.values() for name in _spellings(file)} - names
        names |= new
        searched = new if len(names) <= MOST_NAMES else {""}
        waiting = {number for number, text in left.items() if any(name in text for name in searched)}
    return dict(sorted(files.items()))


def _spellings(file: SqlFile) -> set[str]:
    """Return what stands in a text that means an object of the file, or one that it declares to need.

    Empty among them where something of it may be meant by other words.
    """
    names = {name.name for name, _kind in owned(file)} | {name.name for name in file.depends or ()}
    spelled = {max(SEPARATORS.split(name.casefold()), key=len) for name in names}
    return spelled | {""} if _has_other_words(file) else spelled


def _has_other_words(file: SqlFile) -> bool:
    """Test whether a file creates something that is used without its name, or by it and the type of an operand."""
    if file.dialect.syntax is not POSTGRESQL:
        return False
    kinds = {definition.kind for definition in (*file.definitions, *file.brought)}
    firsts = {one.types[0] for many in file.names.signatures.values() for one in many if one.types}
    return not kinds.isdisjoint({"extension", "operator", "cast"}) or not firsts <= BUILTIN_TYPES[POSTGRESQL]


class ObjectIndex:
    """The objects of some files, which are of one dialect."""

    def __init__(self, files: Sequence[SqlFile]) -> None:
        self.files = files
        self._fold: Callable[[str], str] = files[0].dialect.normalize_name if files else str
        self._default = self._fold((files[0].dialect.default_schema or "") if files else "")
        self._syntax = files[0].dialect.syntax if files else POSTGRESQL
        self._database = self._fold(files[0].database or "") if files else ""
        self._builtin = BUILTIN_FUNCTIONS.get(self._syntax, frozenset())
        self._builtin_types = BUILTIN_TYPES.get(self._syntax, frozenset())
        self._by_name: dict[str, list[ObjectOwner]] = defaultdict(list)
        for number, file in enumerate(files):
            for name, kind in owned(file):
                self._add(name, kind, number, file.names.signatures.get(name, ()))
        self._add_made_along()
        self._resolved: dict[Reference, tuple[list[ObjectOwner], bool, frozenset[int]]] = {}

    def _add(self, name: Name, kind: str, number: int, signatures: tuple[Signature, ...] = ()) -> None:
        """Note an object of a file."""
        owner = ObjectOwner(name.name, self._schema(name.schema), kind, number, signatures)
        self._by_name[self._fold(name.name)].append(owner)

    def _add_made_along(self) -> None:
        """Note the tables and views that tables make because no file creates them."""
        made = [
            (made.name, number)
            for number, file in enumerate(self.files)
            for made in file.brought
            if made.kind == MADE_ALONG and not self.creators(made.name, ROW_TYPES)
        ]
        for name, number in made:
            self._add(name, "table", number)

    def edges(self) -> dict[int, set[int]]:
        """For each file the files that it needs."""
        return {number: set(needs) for number, needs in self.needs().items()}

    def needs(self) -> Needs:
        """For each file the files that it needs, and the strongest reason for each."""
        needs = {number: self._needs(number, file) for number, file in enumerate(self.files)}
        self._add_columns(needs)
        if self._syntax is POSTGRESQL:
            self._add_partitions(needs)
            self._add_symbols(needs)
        return needs

    def _add_columns(self, needs: Needs) -> None:
        """Add what files need by a column that another one adds: they name its table, and it or `*` stands in them."""
        added = [
            (owner, made.table, re.compile(rf"(?<![\w$]){re.escape(made.name.name)}(?![\w$])|\*", re.IGNORECASE))
            for owner, file in enumerate(self.files)
            for made in file.brought
            if made.kind == "column" and made.table
        ]
        reached = {owner: _reached(needs, owner) | {owner} for owner, _table, _word in added}
        readers = self._readers() if added else {}
        for owner, table, word in added:
            named = readers.get(self._fold(table.name), {})
            for number in named.keys() - reached[owner]:
                alike = not named[number].isdisjoint({None, self._schema(table.schema)})
                if alike and owner not in needs[number] and word.search(self.files[number].text):
                    needs[number][owner] = Need(Strength.MAYBE, Reference((table.name,), "relation"))

    def _readers(self) -> dict[str, dict[int, set[str | None]]]:
        """By the name of a relation, the files that need it, with the schemas that they say; None for none."""
        readers: defaultdict[str, defaultdict[int, set[str | None]]] = defaultdict(lambda: defaultdict(set))
        for number, file in enumerate(self.files):
            for reference in file.references if file.depends is None else ():
                if reference.role in {"relation", "object"}:
                    schema = self._schema(reference.parts[-2]) if len(reference.parts) > 1 else None
                    readers[self._fold(reference.parts[-1])][number].add(schema)
        return dict(readers)

    def _add_partitions(self, needs: Needs) -> None:
        """Add what ALTER INDEX ... ATTACH PARTITION needs: the file by which the table of the index is a partition."""
        tables: dict[tuple[str, str], tuple[str, str]] = {}
        partitions: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, file in enumerate(self.files):
            for made in file.brought:
                if made.kind == "index" and made.table:
                    tables[self._key(made.name)] = self._key(made.table)
                elif made.kind == "partition":
                    partitions[self._key(made.name)].append(number)
        for number, file in enumerate(self.files):
            for reference, use in file.references.items() if partitions else ():
                if reference.role == INDEX_OF_PARTITION and file.depends is None:
                    table = tables.get(self._key(qualified(reference.parts)), ("", ""))
                    for owner in set(partitions.get(table, ())) - {number}:
                        needs[number][owner] = Need(use.strength, reference, use)

    def _key(self, name: Name) -> tuple[str, str]:
        """A name as names are compared."""
        return self._schema(name.schema), self._fold(name.name)

    def _add_symbols(self, needs: Needs) -> None:
        """Add what files need by an operator, or by a function that is written as a column is.

        Where others may be meant, the file must also need one of the types that the operator or the function takes.
        """
        meanings = [*self._operators(needs), *self._attributes()]
        if not meanings:
            return
        reached = {number: _reached(needs, number) for number in needs}
        for number, file in enumerate(self.files):
            own = {made.name.name for made in file.definitions if made.kind == "operator"}
            for symbol, owner, types, certain in meanings if file.depends is None else ():
                strength = file.symbols.get(symbol) if certain or symbol not in own else None
                taken = not types or bool(types & (reached[number] | {number}))
                if strength is None or not taken or owner in {number, *needs[number]} or number in reached[owner]:
                    continue
                reference = Reference((symbol.lstrip(".:") or symbol,), "operator")
                needs[number][owner] = Need(strength if certain else Strength.MAYBE, reference)

    def _operators(self, needs: Needs) -> Iterator[Meaning]:
        """The operators and casts that files create, with the types that they take where the database has such, too."""
        owners = Counter(made.name.name for file in self.files for made in file.definitions if made.kind == "operator")
        for number, file in enumerate(self.files):
            types = {other for other, need in needs[number].items() if need.reference and need.reference.role == "type"}
            for brought in file.brought:
                if brought.kind == "cast":
                    yield Meaning(f"::{brought.name.name}", number, types, certain=False)
            for definition in file.definitions:
                symbol = definition.name.name
                if definition.kind == "operator":
                    own = symbol in BUILTIN_OPERATORS
                    yield Meaning(symbol, number, types if own else set(), certain=not own and owners[symbol] == 1)
                elif definition.kind == "extension":
                    for symbol in EXTENSION_OPERATORS.get(definition.name.name, ()):
                        yield Meaning(symbol, number, set(), certain=True)

    def _attributes(self) -> Iterator[Meaning]:
        """The functions of one parameter that takes a row: `f(row)` may be written `row.f`."""
        for number, file in enumerate(self.files):
            for name, signatures in file.names.signatures.items():
                types = {one.types[0] for one in signatures if one.types and one.required <= 1}
                files = {
                    owner.file
                    for one in types
                    for owner in self._by_name.get(one, ())
                    if owner.kind in {"table", "view", "type"}
                }
                if files:
                    yield Meaning(f".{name.name}", number, files, certain=False)

    def _needs(self, number: int, file: SqlFile) -> dict[int, Need]:
        if file.depends is not None:
            declared = {owner for name in file.depends for owner in self._declared(file, name)}
            return {owner: Need(Strength.CREATION) for owner in sorted(declared - {number})}
        needs: dict[int, Need] = {}
        for reference, use in file.references.items():
            if self._fold(reference.parts[-1]) not in self._by_name:
                continue
            owners, certain, alike = self._resolve(reference)
            if any(owner.file == number for owner in owners):
                continue
            strength = use.strength if certain and number not in alike else Strength.MAYBE
            for owner in owners:
                known = needs.get(owner.file)
                if known is None or strength < known.strength:
                    needs[owner.file] = Need(strength, reference, use)
        return needs

    def creators(self, name: Name, kinds: frozenset[str] | None = None) -> list[int]:
        """The files that create an object of the name, of one of the kinds; without a schema, in any."""
        schema = self._schema(name.schema) if name.schema else None
        named = self._by_name.get(self._fold(name.name), ())
        named = [owner for owner in named if owner.name == name.name] or named
        named = [owner for owner in named if owner.kind != "column" and (kinds is None or owner.kind in kinds)]
        return [owner.file for owner in named if schema in {None, owner.schema}]

    def _declared(self, file: SqlFile, name: Name) -> list[int]:
        """The files that create what a `-- depends:` comment names."""
        files = self.creators(name)
        if not files:
            raise SourceError(
                f"depends: no file creates {name}", path=file.path, line=file.depends_line(), hint="Check the name."
            )
        return files

    # -- names ---------------------------------------------------------------------------------------------------------

    def _schema(self, schema: str | None) -> str:
        """A schema as schemas are compared; the default one and the database's own name are the same to MySQL."""
        folded = self._fold(schema) if schema else ""
        own = {"", self._database} if self._default == "" else {""}
        if self._syntax is SQLITE:
            own = {"", "main"}
        return self._default if folded in own else folded

    def _resolve(self, reference: Reference) -> tuple[list[ObjectOwner], bool, frozenset[int]]:
        """The objects that a name means, whether it surely means them, and the files that it may mean in another case.

        Where the database does not tell names apart by case, a file that creates one in another case means its own.
        """
        if reference not in self._resolved:
            found, certain = self._look_up(reference)
            exact = [owner for owner in found if owner.name == reference.parts[-1]]
            owners = exact if self._syntax is POSTGRESQL else exact or found
            several = len({owner.file for owner in owners}) > 1
            alike = found if owners is exact and self._syntax is not POSTGRESQL else []
            self._resolved[reference] = (owners, certain and not several, frozenset(owner.file for owner in alike))
        return self._resolved[reference]

    def _look_up(self, reference: Reference) -> tuple[list[ObjectOwner], bool]:
        parts, role = reference.parts, reference.role
        kinds = KINDS_OF_ROLE.get(role, frozenset())
        if role == "type" and self._syntax is POSTGRESQL:
            kinds |= ROW_TYPES
        named = self._by_name[self._fold(parts[-1])]
        owners = [owner for owner in named if owner.kind in kinds or serves(owner.kind, role)]
        if role == "object":  # types have names of their own, which only a word before them tells
            owners = [owner for owner in owners if owner.kind != "type"] or owners
        if role in BROUGHT_ROLES and not owners:
            owners = [owner for owner in named if owner.kind == "extension object"]
        if role == "routine" and not owners and self._syntax is POSTGRESQL:  # a range or a cast: mood('ok')
            owners = [owner for owner in self._by_name[self._fold(parts[-1])] if owner.kind == "type"]
        if not owners or len(parts) >= SERVER_PARTS:
            return [], False
        if len(parts) == DATABASE_PARTS and self._fold(parts[0]) != self._database:
            return [], False
        if len(parts) > 1:
            owners, certain = self._in_schema(owners, parts[-2])
            return _fitting(owners, reference.arguments) or owners, certain
        return self._of_database(owners, reference)

    def _in_schema(self, owners: list[ObjectOwner], schema: str) -> tuple[list[ObjectOwner], bool]:
        """Those in a schema. Where the name of the database is not known, another one's may be meant."""
        folded = self._schema(schema)
        named = [owner for owner in owners if owner.schema == folded]
        if not schema or named or self._default or self._database or self._syntax is SQLITE:
            return named, True
        schemas = {owner.schema for others in self._by_name.values() for owner in others}
        return ([owner for owner in owners if not owner.schema], False) if folded not in schemas else ([], False)

    def _of_database(self, owners: list[ObjectOwner], reference: Reference) -> tuple[list[ObjectOwner], bool]:
        """Those that a name without a schema means, unless it is the database's own function."""
        name = reference.parts[0] if self._syntax.lower_names else reference.parts[0].lower()
        if reference.role == "type" and name in self._builtin_types:
            return [], False
        builtin = reference.role == "routine" and name.lower() in self._builtin
        if builtin and self._syntax is not POSTGRESQL:
            return [], False
        owners, certain = self._on_path(owners, reference)
        fitting = _fitting(owners, reference.arguments)
        return (fitting, False) if builtin else (fitting or owners, certain)

    def _on_path(self, owners: list[ObjectOwner], reference: Reference) -> tuple[list[ObjectOwner], bool]:
        """Those that a name without a schema means."""
        object_schema = self._schema(reference.object_schema)
        if owners[0].kind in SCHEMALESS:
            return owners, True
        path = [self._fold(schema) for schema in reference.path] or [self._default]
        if self._syntax is not POSTGRESQL:
            path = [object_schema, *path]
        for schema in path:
            named = [owner for owner in owners if owner.schema == schema]
            if named:
                return named, True
        if self._syntax is MSSQL or not self._default:
            return [], False
        return [
            owner for owner in owners if owner.schema == object_schema
        ] or owners, False  # the path of the login is not known


def _fitting(owners: list[ObjectOwner], arguments: Arguments | None) -> list[ObjectOwner]:
    """Those routines whose parameters take the arguments of a call: by their types, or else by their number."""
    if arguments is None:
        return owners
    by_type = [
        owner for owner in owners if not owner.signatures or any(one.matches(arguments) for one in owner.signatures)
    ]
    return by_type or [owner for owner in owners if any(one.takes(len(arguments)) for one in owner.signatures)]


def _reached(needs: Needs, number: int) -> set[int]:
    """The files that a file needs, directly or not."""
    reached: set[int] = set()
    waiting = [number]
    while waiting:
        waiting += (fresh := needs[waiting.pop()].keys() - reached)
        reached |= fresh
    return reached
