"""Random projects with objects in files, and random revisions that change the tables below them."""

from __future__ import annotations

import shutil
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from random_projects import KEYWORDS, NAMES, MySQLProject, PostgreSQLProject, RandomProject, Relation, SQLiteProject
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from projects import RunningProject

LEAST_OBJECTS, MOST_OBJECTS = 5, 9
FOLDERS = {
    "view": "views",
    "materialized view": "materialized_views",
    "function": "functions",
    "procedure": "procedures",
    "trigger": "triggers",
    "rule": "rules",
    "policy": "policies",
}
READABLE = frozenset({"view", "materialized view"})
KEY, GENERATED = "id", "generated"
"""Names of columns, and what takes the place of the type of the second."""
Columns = dict[str, str]


@dataclass
class Table:
    """A table by its name now; the first column is its key. Columns have the types that the database calls them."""

    name: str
    columns: Columns
    renamed: dict[str, str] = field(default_factory=dict)
    """By their first names, what the columns are called now; what was dropped is gone."""

    def __post_init__(self) -> None:
        self.renamed = {name: name for name in self.columns}

    def rename(self, column: str, new: str) -> None:
        self.columns = {new if name == column else name: kind for name, kind in self.columns.items()}
        self.renamed = {first: new if name == column else name for first, name in self.renamed.items()}

    def drop(self, column: str) -> None:
        del self.columns[column]
        self.renamed = {first: name for first, name in self.renamed.items() if name != column}


class ByHand(NamedTuple):
    """A statement that somebody runs by hand; the table by its key and its column stand for its blanks."""

    statement: str
    table: str = ""
    column: str = ""


@dataclass(frozen=True)
class Made:
    """An object: the tables (by their keys) and objects that it may read, and the seed of its text."""

    kind: str
    uses: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class Change:
    """A revision: the lines of its `upgrade`, and what it does in words."""

    lines: tuple[str, ...]
    said: str


@dataclass
class MigratedProject:
    """The tables and objects of a project; `migrate` changes the tables, and `write` writes files that fit to them."""

    seed: int
    role: str
    tables: dict[str, Table] = field(default_factory=dict)
    objects: dict[str, Made] = field(default_factory=dict)
    revisions: list[Change] = field(default_factory=list)
    moved: bool = False
    """True once a table has gone or has another name, with what was said of triggers, rules and policies on it."""

    writer: ClassVar[type[RandomProject]]
    types: ClassVar[tuple[str, ...]]
    wider: ClassVar[Mapping[str, tuple[str, ...]]]
    """By a type, those that hold all of its values."""
    kinds: ClassVar[tuple[str, ...]]
    depth: ClassVar[int] = 2

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.names = [*NAMES]
        self.random.shuffle(self.names)
        self.number = 0
        lines = list(self.first_lines())
        for key in ("t0", "t1", "t2"):
            self.tables[key] = self.new_table()
            lines += self.create(self.tables[key])
        self.revisions.append(Change(tuple(lines), "create"))
        for _ in range(self.random.randint(LEAST_OBJECTS, MOST_OBJECTS)):
            self.add()

    def first_lines(self) -> Sequence[str]:
        return ()

    # -- names ---------------------------------------------------------------------------------------------------------

    def quoted(self, name: str) -> str:
        """A name, quoted where it has to be; others are written in the way that they are stored."""
        first, last = self.writer.quotes
        return f"{first}{name}{last}" if name in KEYWORDS or name != name.lower() else name

    def named(self, key: str) -> str:
        """The name of a table or object in SQL."""
        return self.quoted(self.tables[key].name if key in self.tables else key)

    def new_name(self) -> str:
        self.number += 1
        return self.names.pop() if len(self.names) > len(NAMES) // 2 else f"n{self.number}"

    def new_table(self) -> Table:
        columns = self.random.sample([name for name in NAMES if name != KEY], self.random.randint(2, 4))
        return Table(self.new_name(), {KEY: "integer", **{name: self.random.choice(self.types) for name in columns}})

    # -- objects -------------------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Add an object that reads tables and earlier objects."""
        kind = self.random.choice(self.kinds)
        others = [name for name, made in self.objects.items() if made.kind in READABLE | {"function"}]
        uses = self.random.sample([*self.tables, *others], min(self.random.randint(1, 3), len(self.tables)))
        if not any(self.is_relation(use) for use in uses):
            uses.append(self.random.choice([*self.tables]))
        name = self.new_name() if kind == "view" else f"o{len(self.objects)}"
        self.objects[name] = Made(kind, tuple(uses), self.random.randrange(10**6))

    def is_relation(self, key: str) -> bool:
        return key in self.tables or self.objects[key].kind in READABLE

    def columns(self, key: str) -> Columns:
        """The columns of a table or view with their types."""
        return self.tables[key].columns if key in self.tables else self.query(key)[1]

    def relations(self, made: Made) -> list[str]:
        return [use for use in made.uses if self.is_relation(use)]

    def query(self, name: str) -> tuple[str, Columns]:
        """The query of a view, and the columns that it gives."""
        made = self.objects[name]
        random = Random(made.seed)
        source = self.relations(made)[0]
        columns = self.columns(source)
        form = random.randrange(6)
        if form == 0:
            return f"SELECT * FROM {self.named(source)}", columns
        if form == 1:
            return self.passed(random, source)
        if form == 2 and source in self.tables:
            listed = ", ".join(self.quoted(column) for column in columns)
            return f"SELECT {listed} FROM {self.named(source)} GROUP BY {self.grouped(columns)}", columns
        if form == 3:
            return self.joined(random, made)
        return self.random_query(random, made)

    def passed(self, random: Random, source: str) -> tuple[str, Columns]:
        """Some columns of a source, under their own names or others."""
        columns = self.columns(source)
        chosen = random.sample([*columns], random.randint(1, len(columns)))
        named = {column: random.choice((column, f"c{number}")) for number, column in enumerate(chosen)}
        listed = ", ".join(f"q.{self.quoted(column)} AS {self.quoted(alias)}" for column, alias in named.items())
        where = f" WHERE q.{self.quoted(random.choice([*columns]))} IS NOT NULL" if random.random() < 0.4 else ""
        text = f"SELECT {listed} FROM {self.named(source)} q{where}"
        return text, {alias: columns[column] for column, alias in named.items()}

    def joined(self, random: Random, made: Made) -> tuple[str, Columns]:
        first = self.relations(made)[0]
        second = self.relations(made)[-1]
        left, right = (random.choice([*self.columns(key)]) for key in (first, second))
        kind = self.columns(first)[left]
        text = (
            f"SELECT p.{self.quoted(left)} AS joined FROM {self.named(first)} p"
            f" LEFT JOIN {self.named(second)} q ON q.{self.quoted(right)} IS NULL"
        )
        return text, {"joined": kind}

    def grouped(self, columns: Columns) -> str:
        """What the rows of a table are grouped by, which may be its key alone where the database knows what follows."""
        return ", ".join(self.quoted(column) for column in columns)

    def random_query(self, random: Random, made: Made) -> tuple[str, Columns]:
        """A query that other tests write for their projects; all its columns are numbers."""
        writer = self.query_writer(random, made)
        columns = random.sample([name for name in NAMES if name != KEY], random.randint(1, 3))
        return writer.with_query(columns, {}, (), self.depth), dict.fromkeys(columns, "integer")

    def query_writer(self, random: Random, made: Made) -> RandomProject:
        writer = self.writer(random.randrange(10**6), lambda _text: "")
        for use in made.uses:
            if self.is_relation(use):
                kinds = {column: "int" if kind == "integer" else kind for column, kind in self.columns(use).items()}
                name = self.tables[use].name if use in self.tables else use
                writer.relations.append(Relation("", name, kinds))
            else:
                writer.functions.append(("", use))
        return writer

    def text(self, name: str) -> str:
        """The file of an object."""
        kind = self.objects[name].kind.replace(" ", "_")
        write: Callable[[str, Made, Random], str] = getattr(self, f"{kind}_text")
        made = self.objects[name]
        return write(name, made, Random(made.seed + 1))

    def some_column(self, random: Random, key: str) -> str:
        """A column that can be written, where it is one of a table."""
        return self.quoted(random.choice([name for name in self.columns(key) if name != GENERATED]))

    def write(self, project: RunningProject, *, revisions: bool = True) -> None:
        """Write all files anew."""
        shutil.rmtree(project.directory / "database", ignore_errors=True)
        for name, made in self.objects.items():
            project.write(f"database/{FOLDERS[made.kind]}/{name}.sql", self.text(name))
        if revisions:
            self.write_revisions(project)

    def write_revisions(self, project: RunningProject) -> None:
        below = None
        for number, change in enumerate(self.revisions):
            revision(project, f"r{number}", below, "\n    ".join(change.lines) or "pass")
            below = f"r{number}"

    # -- revisions -----------------------------------------------------------------------------------------------------

    def create(self, table: Table) -> list[str]:
        parts = [f"{self.quoted(KEY)} integer PRIMARY KEY"]
        parts += [f"{self.quoted(column)} {kind}" for column, kind in table.columns.items() if column != KEY]
        text = f"CREATE TABLE {self.quoted(table.name)} ({', '.join(parts)})"
        return [f"op.execute({text!r})"]

    def migrate(self) -> str:
        """Change the tables by one more revision, and all objects with them; say how."""
        changes = [
            *(self.retype, self.retype, self.rename_column, self.drop_column, self.rename_table, self.add_column),
            *(self.drop_table, self.replace_table, *self.own_changes()),
        ]
        lines: list[str] = []
        said = []
        for _ in range(self.random.choice((1, 1, 1, 2))):
            change = self.random.choice(changes)
            more = change()
            lines += more
            said.append(f"{change.__name__}: {more}")
        self.revisions.append(Change(tuple(lines), "; ".join(said)))
        return "; ".join(said)

    def own_changes(self) -> Sequence[Callable[[], list[str]]]:
        return ()

    def one_column(self) -> tuple[Table, str]:
        table = self.tables[self.random.choice([*self.tables])]
        return table, self.random.choice([column for column in table.columns if column != KEY] or [KEY])

    def op(self, sql: str) -> str:
        return f"op.execute({sql!r})"

    def retype(self) -> list[str]:
        table, column = self.one_column()
        kinds = self.wider.get(table.columns[column], ())
        if not kinds:
            return []
        kind = self.random.choice(kinds)
        table.columns[column] = kind
        return self.alter_type(table, column, kind)

    def alter_type(self, table: Table, column: str, kind: str) -> list[str]:
        raise NotImplementedError

    def rename_column(self) -> list[str]:
        table, column = self.one_column()
        if column == KEY:
            return []
        new = self.random.choice([name for name in NAMES if name not in table.columns])
        table.rename(column, new)
        plain = f"ALTER TABLE {self.quoted(table.name)} RENAME COLUMN {self.quoted(column)} TO {self.quoted(new)}"
        return [self.random.choice((self.op(plain), self.op_rename_column(table, column, new)))]

    def op_rename_column(self, table: Table, column: str, new: str) -> str:
        return f"op.alter_column({table.name!r}, {column!r}, new_column_name={new!r})"

    def drop_column(self) -> list[str]:
        table, column = self.one_column()
        if column == KEY:
            return []
        table.drop(column)
        plain = f"ALTER TABLE {self.quoted(table.name)} DROP COLUMN {self.quoted(column)}"
        return [self.random.choice((self.op(plain), f"op.drop_column({table.name!r}, {column!r})"))]

    def rename_table(self) -> list[str]:
        table, _ = self.one_column()
        self.moved = True
        old, table.name = table.name, self.new_name()
        plain = f"ALTER TABLE {self.quoted(old)} RENAME TO {self.quoted(table.name)}"
        return [self.random.choice((self.op(plain), f"op.rename_table({old!r}, {table.name!r})"))]

    def add_column(self) -> list[str]:
        table, _ = self.one_column()
        new = self.random.choice([name for name in NAMES if name not in table.columns])
        table.columns[new] = "integer"
        plain = f"ALTER TABLE {self.quoted(table.name)} ADD COLUMN {self.quoted(new)} integer DEFAULT 7 NOT NULL"
        column = f'sa.Column({new!r}, sa.Integer, nullable=False, server_default="7")'
        return [self.random.choice((self.op(plain), f"op.add_column({table.name!r}, {column})"))]

    def drop_table(self) -> list[str]:
        """Drop a table; what reads it reads another one, or goes."""
        if len(self.tables) == 1:
            return []
        key = self.random.choice([*self.tables])
        self.moved = True
        table = self.tables.pop(key)
        other = self.random.choice([*self.tables])
        for name, made in list(self.objects.items()):
            if key in made.uses and name in self.objects:
                if self.random.random() < 0.6:
                    uses = tuple(other if use == key else use for use in made.uses)
                    self.objects[name] = replace(made, uses=uses)
                else:
                    self.remove(name)
        return [
            self.random.choice((self.op(f"DROP TABLE {self.quoted(table.name)}"), f"op.drop_table({table.name!r})"))
        ]

    def remove(self, name: str) -> None:
        """Remove an object, and all that reads it."""
        self.objects.pop(name, None)
        for other in [other for other, made in self.objects.items() if name in made.uses]:
            self.remove(other)

    def replace_table(self) -> list[str]:
        """Drop a table, and create one of its name with other columns."""
        table, _ = self.one_column()
        self.moved = True
        dropped = self.op(f"DROP TABLE {self.quoted(table.name)}")
        columns = {**table.columns, **dict.fromkeys(self.new_table().columns, "integer")}
        table.columns = {name: kind for name, kind in columns.items() if name == KEY or self.random.random() < 0.7}
        table.renamed = {}
        return [dropped, *self.create(table)]

    # -- by hand -------------------------------------------------------------------------------------------------------

    def by_hand(self) -> list[ByHand]:
        """Statements that give what no file says, as rights and comments."""
        return []

    def fitting(self, found: Sequence[ByHand]) -> list[str]:
        """Those of the statements whose tables and columns are still there, under their names now."""
        return [
            one.statement.format(
                table=self.named(one.table), column=self.quoted(self.tables[one.table].renamed[one.column])
            )
            if one.table
            else one.statement
            for one in found
            if not one.table or (one.table in self.tables and one.column in self.tables[one.table].renamed)
        ]

    def stranger(self) -> str:
        """A view that nobody's file creates, on all columns of a table."""
        table = self.tables[self.random.choice([*self.tables])]
        listed = ", ".join(self.quoted(column) for column in table.columns)
        return f"CREATE VIEW nobodys AS SELECT {listed} FROM {self.quoted(table.name)}"

    def copy(self) -> MigratedProject:
        return deepcopy(self)


class MigratedPostgreSQL(MigratedProject):
    """With all that PostgreSQL has: materialized views, routines of all languages, rules, policies, enums, domains."""

    number_of_types = 0

    writer = PostgreSQLProject
    types = ("integer", "integer", "varchar(20)", "text", "numeric(8,2)", "mood", "mail", "date")
    wider: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "integer": ("bigint", "numeric(12,2)", "text"),
        "bigint": ("numeric(20,2)", "text"),
        "varchar(20)": ("text", "varchar(50)", "mail"),
        "text": ("varchar(90)", "mail"),
        "numeric(8,2)": ("numeric(12,4)", "text"),
        "mood": ("text",),
        "mail": ("text",),
        "date": ("timestamp", "text"),
    }
    kinds = (
        *("view", "view", "view", "materialized view", "function", "function", "procedure", "trigger", "trigger"),
        *("rule", "policy"),
    )

    def first_lines(self) -> Sequence[str]:
        return (
            self.op("CREATE TYPE mood AS ENUM ('sad', 'glad')"),
            self.op("CREATE DOMAIN mail AS text CONSTRAINT long CHECK (length(VALUE) < 99)"),
        )

    def query_writer(self, random: Random, made: Made) -> RandomProject:
        writer = super().query_writer(random, made)
        assert isinstance(writer, PostgreSQLProject)
        writer.schemas, writer.types, writer.values, writer.sequences = ["public"], [], {}, []
        writer.joins = ("JOIN", "LEFT JOIN", "CROSS JOIN", "RIGHT OUTER JOIN")
        writer.operators, writer.parents, writer.numbers = [], [], []
        writer.relations = [relation._replace(schema="public") for relation in writer.relations]
        writer.functions = [("public", name) for _, name in writer.functions if self.objects[name].kind == "function"]
        return writer

    def grouped(self, columns: Columns) -> str:
        return self.quoted(KEY)

    # -- files ---------------------------------------------------------------------------------------------------------

    def rights(self, right: str, name: str, random: Random) -> str:
        """Rights that the file of an object gives itself, if it does."""
        return f"GRANT {right} {name} TO {self.role};\n" * (random.random() < 0.2)

    def view_text(self, name: str, made: Made, random: Random) -> str:
        own = self.quoted(name)
        head = random.choice(("CREATE OR REPLACE VIEW {0}", "DROP VIEW IF EXISTS {0};\nCREATE VIEW {0}"))
        option = random.choice(("", "", " WITH (security_barrier)", " WITH (security_invoker)"))
        query, columns = self.query(name)
        text = f"{head.format(own)}{option} AS {query};\n{self.rights('SELECT ON', own, random)}"
        if random.random() < 0.2:
            text += f"COMMENT ON VIEW {own} IS 'of its file';\n"
        if random.random() < 0.2:
            text += f"COMMENT ON COLUMN {own}.{self.quoted(next(iter(columns)))} IS 'the first';\n"
        return text

    def materialized_view_text(self, name: str, made: Made, random: Random) -> str:
        own = self.quoted(name)
        query, columns = self.query(name)
        column = self.quoted(random.choice([*columns]))
        text = f"DROP MATERIALIZED VIEW IF EXISTS {own};\nCREATE MATERIALIZED VIEW {own} AS {query};\n"
        if random.random() < 0.6:
            text += f"CREATE INDEX {self.quoted('i_' + name)} ON {own} ({column});\n"
        return text + self.rights("SELECT ON", own, random)

    def function_text(self, name: str, made: Made, random: Random) -> str:
        source = self.relations(made)[0]
        column = self.some_column(random, source)
        call = next((f"{self.quoted(use)}(a)" for use in made.uses if not self.is_relation(use)), "a")
        query = f"SELECT count(q.{column})::integer + {call} FROM {self.named(source)} AS q"
        text, _ = self.random_query(random, made)
        bodies = (
            f"LANGUAGE sql AS $body${query}$body$",
            f"LANGUAGE sql BEGIN ATOMIC {query}; END",
            f"LANGUAGE sql BEGIN ATOMIC {text}; {query}; END",
            f"RETURN ({query})",
            f"LANGUAGE plpgsql AS $$BEGIN RETURN ({query}); END$$",
            f"LANGUAGE plpgsql AS $$DECLARE one public.{self.named(source)}.{column}%TYPE; BEGIN RETURN {call}; END$$",
        )
        own = self.quoted(name)
        head = random.choice(("CREATE OR REPLACE FUNCTION", f"DROP FUNCTION IF EXISTS {own};\nCREATE FUNCTION"))
        extra = ""
        create = "CREATE OR REPLACE FUNCTION"
        if random.random() < 0.3:
            rows = f"public.{self.named(source)}"
            extra = f"{create} {name}_rows() RETURNS SETOF {rows} LANGUAGE sql AS $$SELECT * FROM {rows}$$;\n"
        if random.random() < 0.2:
            extra = f"{create} {name}_mood(m mood) RETURNS text LANGUAGE sql AS $$SELECT m::text$$;\n"
        strict = random.choice(("", " STRICT"))
        text = f"{head} {own}(a integer) RETURNS integer{strict} STABLE {random.choice(bodies)};\n{extra}"
        return text + self.rights("EXECUTE ON FUNCTION", own, random)

    def procedure_text(self, name: str, made: Made, random: Random) -> str:
        tables = [use for use in made.uses if use in self.tables] or [*self.tables][:1]
        table = self.named(tables[0])
        column = self.some_column(random, tables[0])
        other = self.named(self.relations(made)[-1])
        body = random.choice(
            (
                f"UPDATE {table} AS q SET {column} = q.{column}",
                f"DELETE FROM {table} AS q USING {other} AS r WHERE q.{column} IS NULL",
                f"INSERT INTO {table} ({column}) SELECT q.{column} FROM {table} AS q",
            )
        )
        return f"CREATE OR REPLACE PROCEDURE {self.quoted(name)}(a integer) LANGUAGE sql BEGIN ATOMIC {body}; END;\n"

    def trigger_text(self, name: str, made: Made, random: Random) -> str:
        target = self.target(made)
        column = self.some_column(random, target)
        function, own = self.quoted(f"{name}_f"), self.quoted(name)
        text = (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;\n"
        )
        if target in self.tables:
            moment = random.choice((f"BEFORE UPDATE OF {column}", "AFTER INSERT", "BEFORE INSERT OR UPDATE"))
            when = random.choice(("", f" WHEN (NEW.{column} IS NOT NULL)"))
        else:
            moment, when = "INSTEAD OF INSERT", ""
        head = random.choice(
            ("CREATE OR REPLACE TRIGGER", f"DROP TRIGGER IF EXISTS {own} ON {self.named(target)};\nCREATE TRIGGER")
        )
        return (
            f"{text}{head} {own} {moment} ON {self.named(target)} FOR EACH ROW{when} EXECUTE FUNCTION {function}();\n"
        )

    def rule_text(self, name: str, made: Made, random: Random) -> str:
        target = self.target(made)
        column = self.some_column(random, target)
        where = f" WHERE old.{column} IS NULL" if target in self.tables else ""
        action = "DO ALSO NOTHING" if target in self.tables else "DO INSTEAD NOTHING"
        other = self.named(random.choice([*self.tables]))
        if target in self.tables and random.random() < 0.4:
            action = f"DO ALSO UPDATE {other} SET {self.quoted(KEY)} = old.{self.quoted(KEY)}"
        return f"CREATE OR REPLACE RULE {self.quoted(name)} AS ON DELETE TO {self.named(target)}{where} {action};\n"

    def policy_text(self, name: str, made: Made, random: Random) -> str:
        target = self.target(made)
        table, column = self.named(target), self.some_column(random, target)
        condition = f"{column} IS NOT NULL"
        other = self.relations(made)[-1]
        if random.random() < 0.4:
            inner = f"SELECT 1 FROM {self.named(other)} AS p WHERE p.{self.some_column(random, other)} IS NULL"
            condition += f" AND EXISTS ({inner})"
        for use in made.uses:
            if not self.is_relation(use):
                condition += f" AND {self.quoted(use)}({self.quoted(KEY)}) > 0"
        return (
            f"DROP POLICY IF EXISTS {self.quoted(name)} ON {table};\n"
            f"CREATE POLICY {self.quoted(name)} ON {table} USING ({condition});\n"
        )

    # -- revisions -----------------------------------------------------------------------------------------------------

    def create(self, table: Table) -> list[str]:
        written = {name: kind for name, kind in table.columns.items() if kind != GENERATED}
        lines = super().create(Table(table.name, written))
        table.columns = written
        if self.random.random() < 0.3:
            table.columns[GENERATED] = GENERATED
            text = f"{GENERATED} text GENERATED ALWAYS AS (upper({self.quoted(KEY)}::text)) STORED"
            lines.append(self.op(f"ALTER TABLE {self.quoted(table.name)} ADD COLUMN {text}"))
        return lines

    def alter_type(self, table: Table, column: str, kind: str) -> list[str]:
        plain = (
            f"ALTER TABLE {self.quoted(table.name)} ALTER COLUMN {self.quoted(column)} TYPE {kind}"
            f" USING {self.quoted(column)}::{kind}"
        )
        types = {"text": "sa.Text()", "bigint": "sa.BigInteger()", "timestamp": "sa.DateTime()"}
        if kind in types:
            call = f"op.alter_column({table.name!r}, {column!r}, type_={types[kind]})"
            return [self.random.choice((self.op(plain), call))]
        return [self.op(plain)]

    def own_changes(self) -> Sequence[Callable[[], list[str]]]:
        return (self.recreate_enum, self.rename_value, self.domain_check, self.drop_key, self.add_value)

    def recreate_enum(self) -> list[str]:
        """The usual way to take a value out of an enum."""
        self.number_of_types += 1
        old = f"mood_{self.number_of_types}"
        lines = [
            self.op(f"ALTER TYPE mood RENAME TO {old}"),
            self.op("CREATE TYPE mood AS ENUM ('sad', 'glad', 'other')"),
        ]
        for table in self.tables.values():
            for column, kind in table.columns.items():
                if kind == "mood":
                    lines.append(
                        self.op(
                            f"ALTER TABLE {self.quoted(table.name)} ALTER COLUMN {self.quoted(column)} TYPE mood"
                            f" USING {self.quoted(column)}::text::mood"
                        )
                    )
        return [*lines, self.op(f"DROP TYPE {old}")]

    def add_value(self) -> list[str]:
        self.number_of_types += 1
        return [self.op(f"ALTER TYPE mood ADD VALUE 'more_{self.number_of_types}'")]

    def rename_value(self) -> list[str]:
        there_and_back = (("sad", "bad"), ("bad", "sad"))
        return [self.op(f"ALTER TYPE mood RENAME VALUE '{old}' TO '{new}'") for old, new in there_and_back]

    def domain_check(self) -> list[str]:
        return [
            self.op("ALTER DOMAIN mail DROP CONSTRAINT long"),
            self.op("ALTER DOMAIN mail ADD CONSTRAINT long CHECK (length(VALUE) < 200)"),
        ]

    def drop_key(self) -> list[str]:
        """Make the key again, on which a GROUP BY may stand."""
        table, _ = self.one_column()
        own = self.quoted(table.name)
        name = f"key_{len(self.revisions)}"
        find = f"(SELECT conname FROM pg_constraint WHERE contype = 'p' AND conrelid = '{own}'::regclass)"
        drop = f"DO $$BEGIN EXECUTE format('ALTER TABLE {own} DROP CONSTRAINT %I', {find}); END$$"
        return [self.op(drop), self.op(f"ALTER TABLE {own} ADD CONSTRAINT {name} PRIMARY KEY ({self.quoted(KEY)})")]

    # -- by hand -------------------------------------------------------------------------------------------------------

    def by_hand(self) -> list[ByHand]:
        random = Random(self.seed + 7)
        found: list[ByHand] = []
        for name, made in self.objects.items():
            own = self.quoted(name)
            if made.kind in READABLE:
                found += map(ByHand, self.by_hand_of_view(name, made.kind.upper(), random))
            elif made.kind in {"function", "procedure"}:
                found += [
                    ByHand(f"REVOKE EXECUTE ON ROUTINE {own}(integer) FROM PUBLIC"),
                    ByHand(f"GRANT EXECUTE ON ROUTINE {own}(integer) TO {self.role}"),
                    ByHand(f"COMMENT ON ROUTINE {own}(integer) IS 'by hand'"),
                    ByHand(f"ALTER ROUTINE {own}(integer) OWNER TO {self.role}"),
                ]
            else:
                target = self.target(made)
                comment = f"COMMENT ON {made.kind.upper()} {own} ON"
                if target in self.tables:
                    found.append(ByHand(f"{comment} {{table}} IS 'by hand'", target, KEY))
        for key, table in self.tables.items():
            column = random.choice([*table.columns])
            found += [
                ByHand(f"GRANT SELECT ON {{table}} TO {self.role}", key, KEY),
                ByHand(f"GRANT UPDATE ({{column}}) ON {{table}} TO {self.role}", key, column),
            ]
        return [one for one in found if random.random() < 0.5 and not self.is_said(one.statement)]

    def is_said(self, statement: str) -> bool:
        """Whether the file of an object says itself what a statement does."""
        word = "COMMENT" if statement.startswith("COMMENT") else "GRANT"
        said = [self.quoted(name) for name in self.objects if word in self.text(name)]
        return any(f" {name}{end}" in f"{statement} " for name in said for end in " .(")

    def by_hand_of_view(self, name: str, kind: str, random: Random) -> list[str]:
        own, index = self.quoted(name), self.quoted(f"by_hand_{name}")
        column = self.quoted(random.choice([*self.columns(name)]))
        found = [
            f"GRANT SELECT ON {own} TO PUBLIC",
            f"GRANT SELECT ({column}) ON {own} TO {self.role} WITH GRANT OPTION",
            f"COMMENT ON {kind} {own} IS 'by hand'",
            f"COMMENT ON COLUMN {own}.{column} IS 'by hand'",
            f"ALTER {kind} {own} OWNER TO {self.role}",
        ]
        if kind == "VIEW":
            return found
        return [*found, f"CREATE INDEX {index} ON {own} ({column})", f"COMMENT ON INDEX {index} IS 'by hand'"]

    def target(self, made: Made) -> str:
        """The table or view that a trigger, rule or policy is on."""
        target = self.relations(made)[0]
        fits = target in self.tables or (made.kind != "policy" and self.objects[target].kind == "view")
        return target if fits else next((use for use in made.uses if use in self.tables), next(iter(self.tables)))


class MigratedSQLite(MigratedProject):
    """Tables, views and triggers."""

    writer = SQLiteProject
    types = ("integer", "varchar(20)", "text", "numeric(8,2)", "date")
    wider: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "integer": ("bigint", "text"),
        "varchar(20)": ("text", "varchar(50)"),
        "text": ("varchar(90)",),
        "numeric(8,2)": ("text",),
        "date": ("text",),
    }
    kinds = ("view", "view", "view", "trigger", "trigger")

    def view_text(self, name: str, made: Made, random: Random) -> str:
        own = self.quoted(name)
        return f"DROP VIEW IF EXISTS {own};\nCREATE VIEW {own} AS {self.query(name)[0]};\n"

    def trigger_text(self, name: str, made: Made, random: Random) -> str:
        target = self.relations(made)[0]
        column = self.some_column(random, target)
        own = self.quoted(name)
        table = random.choice([*self.tables])
        action = random.choice(
            (
                f"UPDATE {self.named(table)} SET {self.some_column(random, table)} = NEW.{column}",
                f"DELETE FROM {self.named(table)} WHERE {self.some_column(random, table)} = NEW.{column}",
                "SELECT 1",
            )
        )
        if target in self.tables:
            moment = random.choice((f"BEFORE UPDATE OF {column}", "AFTER INSERT", f"AFTER UPDATE OF {column}"))
        else:
            moment = "INSTEAD OF INSERT"
        when = random.choice(("", f" WHEN NEW.{column} IS NOT NULL"))
        return (
            f"DROP TRIGGER IF EXISTS {own};\n"
            f"CREATE TRIGGER {own} {moment} ON {self.named(target)} FOR EACH ROW{when} BEGIN {action}; END;\n"
        )

    def alter_type(self, table: Table, column: str, kind: str) -> list[str]:
        types = {
            "text": "sa.Text()",
            "bigint": "sa.BigInteger()",
            "varchar(50)": "sa.String(50)",
            "varchar(90)": "sa.String(90)",
        }
        return self.batch(table, f"t.alter_column({column!r}, type_={types[kind]})")

    @staticmethod
    def batch(table: Table, *calls: str) -> list[str]:
        return [f"with op.batch_alter_table({table.name!r}) as t:", *(f"    {call}" for call in calls)]

    def op_rename_column(self, table: Table, column: str, new: str) -> str:
        return "\n    ".join(self.batch(table, f"t.alter_column({column!r}, new_column_name={new!r})"))

    def drop_column(self) -> list[str]:
        table, column = self.one_column()
        if column == KEY:
            return []
        table.drop(column)
        plain = f"ALTER TABLE {self.quoted(table.name)} DROP COLUMN {self.quoted(column)}"
        return self.random.choice(([self.op(plain)], self.batch(table, f"t.drop_column({column!r})")))

    def own_changes(self) -> Sequence[Callable[[], list[str]]]:
        return (self.index, self.rebuild)

    def index(self) -> list[str]:
        table, column = self.one_column()
        return [f'op.create_index("i{len(self.revisions)}", {table.name!r}, [{column!r}])']

    def rebuild(self) -> list[str]:
        """The way that SQLite's documentation recommends, by hand."""
        table, _ = self.one_column()
        columns = ", ".join(f"{self.quoted(name)} {kind}" for name, kind in table.columns.items())
        names = ", ".join(map(self.quoted, table.columns))
        own = self.quoted(table.name)
        return [
            self.op(f"CREATE TABLE rebuilt ({columns})"),
            self.op(f"INSERT INTO rebuilt SELECT {names} FROM {own}"),
            self.op(f"DROP TABLE {own}"),
            self.op(f"ALTER TABLE rebuilt RENAME TO {own}"),
        ]


class MigratedMySQL(MigratedProject):
    """Tables, views, routines and triggers of MySQL or MariaDB."""

    writer = MySQLProject
    types = ("integer", "varchar(20)", "text", "decimal(8,2)", "date", "enum('sad', 'glad')")
    wider: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "integer": ("bigint", "text"),
        "varchar(20)": ("text", "varchar(50)"),
        "text": ("longtext",),
        "decimal(8,2)": ("decimal(12,4)",),
        "date": ("datetime",),
        "enum('sad', 'glad')": ("enum('sad', 'glad', 'other')", "varchar(20)"),
    }
    kinds = ("view", "view", "view", "function", "procedure", "trigger")

    def view_text(self, name: str, made: Made, random: Random) -> str:
        own = self.quoted(name)
        head = random.choice(("CREATE OR REPLACE VIEW {0}", "DROP VIEW IF EXISTS {0};\nCREATE VIEW {0}"))
        return f"{head.format(own)} AS {self.query(name)[0]};\n"

    def function_text(self, name: str, made: Made, random: Random) -> str:
        column, source = self.read_column(made, random)
        body = f"RETURNS int READS SQL DATA RETURN (SELECT count({column}) + a FROM {source})"
        return self.routine_text("FUNCTION", name, body)

    def procedure_text(self, name: str, made: Made, random: Random) -> str:
        column, source = self.read_column(made, random)
        return self.routine_text("PROCEDURE", name, f"SELECT {column} FROM {source}")

    def read_column(self, made: Made, random: Random) -> tuple[str, str]:
        """Return a column of a relation that is used, and the relation."""
        source = self.relations(made)[0]
        return f"q.{self.some_column(random, source)}", f"{self.named(source)} AS q"

    def routine_text(self, kind: str, name: str, body: str) -> str:
        own = self.quoted(name)
        return f"DROP {kind} IF EXISTS {own};\nCREATE {kind} {own}(a int) {body};\n"

    def trigger_text(self, name: str, made: Made, random: Random) -> str:
        tables = [use for use in made.uses if use in self.tables] or [*self.tables][:1]
        column = self.some_column(random, tables[0])
        own = self.quoted(name)
        moment = random.choice(("BEFORE INSERT", "AFTER UPDATE", "BEFORE DELETE"))
        row = "OLD" if "DELETE" in moment else "NEW"
        return (
            f"DROP TRIGGER IF EXISTS {own};\nCREATE TRIGGER {own} {moment} ON {self.named(tables[0])}"
            f" FOR EACH ROW SET @seen = {row}.{column};\n"
        )

    def alter_type(self, table: Table, column: str, kind: str) -> list[str]:
        return [self.op(f"ALTER TABLE {self.quoted(table.name)} MODIFY {self.quoted(column)} {kind}")]

    def op_rename_column(self, table: Table, column: str, new: str) -> str:
        kind = table.columns[new]
        return self.op(f"ALTER TABLE {self.quoted(table.name)} CHANGE {self.quoted(column)} {self.quoted(new)} {kind}")

    def by_hand(self) -> list[ByHand]:
        found: list[ByHand] = []
        random = Random(self.seed + 7)
        for name, made in self.objects.items():
            own = self.quoted(name)
            if made.kind in {"function", "procedure"}:
                found.append(ByHand(f"GRANT EXECUTE ON {made.kind.upper()} {own} TO {self.role}"))
            elif made.kind == "view":
                column = self.quoted(random.choice([*self.columns(name)]))
                found.append(ByHand(f"GRANT SELECT ({column}) ON {own} TO {self.role}"))
        return [one for one in found if random.random() < 0.6]


PROJECTS: Mapping[str, type[MigratedProject]] = {
    "postgresql": MigratedPostgreSQL,
    "sqlite": MigratedSQLite,
    "mysql": MigratedMySQL,
}
