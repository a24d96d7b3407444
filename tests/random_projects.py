"""Random projects for a database: each object in a file of its own, under names that stand for several things."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = (
    *("alpha", "beta", "gamma", "delta", "x", "y", "total", "parts", "label", "items", "line"),
    *("length", "abs", "count", "sum", "Order", "user", "select", "MiXed", "two words", "type", "value", "date"),
    *("key", "name", "range", "view", "table", "index", "comment", "position", "left", "function", "trigger"),
    *("row", "window", "lateral", "only", "cube"),
)
KEYWORDS = frozenset(NAMES[NAMES.index("length") :])
"""Names that are quoted everywhere where a database may take them for something else."""
OPERATORS = ("=", "<", "<>", ">=")
DEEPEST = 3
LEAST_TABLES = 3


class Source(NamedTuple):
    """What stands in a FROM clause: how its columns are qualified, and the columns with their types."""

    alias: str
    columns: Mapping[str, str]


class Relation(NamedTuple):
    """A table or view; every column is a number that has no type of its own."""

    schema: str
    name: str
    columns: Mapping[str, str]
    table: bool = False
    unique: str = ""


class RandomProject:
    """Writes files by a seed; `run` tells what the database says to one, and only what it takes is kept."""

    quotes = '""'
    nested_with = True
    text_type = "text"
    joins: tuple[str, ...] = ("JOIN", "LEFT JOIN", "CROSS JOIN")

    def __init__(self, seed: int, run: Callable[[str], str]) -> None:
        self.random = Random(seed)
        self.run = run
        self.files: dict[str, str] = {}
        self.refused: list[tuple[str, str]] = []
        self.relations: list[Relation] = []
        self.functions: list[tuple[str, str]] = []
        self.path: tuple[str, ...] = ()
        self.taken: set[tuple[str, str]] = set()

    # -- choices -------------------------------------------------------------------------------------------------------

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def names(self, least: int, most: int) -> list[str]:
        return self.random.sample(NAMES, self.random.randint(least, most))

    def gap(self) -> str:
        return self.one(" ", " ", "\n", " /* FROM delta, */ ", " -- JOIN beta\n")

    def quoted(self, name: str) -> str:
        """A name as it may be written."""
        if name in KEYWORDS or self.chance(0.2):
            return f"{self.quotes[0]}{name}{self.quotes[1]}"
        return name

    def named(self, schema: str, name: str) -> str:
        """A name as the files write it, with the schema or where the search path finds it."""
        return self.quoted(name)

    def new_name(self) -> tuple[str, str]:
        """A name that no object has, and that no file takes for another one."""
        free = [name for name in NAMES if ("", name) not in self.taken]
        name = self.random.choice(free or [f"more_{len(self.taken)}"])
        self.taken.add(("", name))
        return "", name

    # -- files ---------------------------------------------------------------------------------------------------------

    def keep(self, text: str) -> bool:
        """Run a file, and keep it if the database takes it."""
        if error := self.run(text):
            self.refused.append((text, error))
            return False
        self.files[f"{self.random.randrange(10**9):09}"] = text
        return True

    def write(self, count: int) -> None:
        """Write so many objects, tables first so that there is something to read."""
        self.begin()
        while sum(relation.table for relation in self.relations) < LEAST_TABLES:
            self.table()
        kinds = self.kinds()
        while len(self.files) < count:
            self.random.choice(kinds)()

    def begin(self) -> None:
        """Write what all others need."""

    def kinds(self) -> list[Callable[[], None]]:
        return [self.table, self.view, self.view, self.view]

    def table(self) -> None:
        schema, name = self.new_name()
        columns = self.names(1, 4)
        text = ", ".join(f"{self.quoted(column)} int" for column in columns)
        if self.keep(f"CREATE TABLE {self.named(schema, name)} ({text});"):
            self.relations.append(Relation(schema, name, dict.fromkeys(columns, "int"), table=True))

    def view(self, head: str = "VIEW") -> None:
        schema, name = self.new_name()
        columns = self.names(1, 3)
        query = self.with_query(columns, {}, (), 0)
        if self.keep(f"CREATE {head} {self.named(schema, name)} AS{self.gap()}{query};"):
            self.relations.append(Relation(schema, name, dict.fromkeys(columns, "int")))

    # -- queries -------------------------------------------------------------------------------------------------------

    def with_query(self, columns: list[str], ctes: dict[str, list[str]], outer: tuple[Source, ...], depth: int) -> str:
        """A query with columns of these names that may begin with common table expressions."""
        if depth >= DEEPEST or (depth and not self.nested_with) or not self.chance():
            return self.query(columns, ctes, outer, depth)
        parts, visible = [], dict(ctes)
        recursive, expressions = self.chance(0.3), self.names(1, 2)
        for name in expressions:
            inner = self.names(1, 2)
            body = self.with_query(inner, visible, outer, depth + 1)
            if recursive and name not in visible:
                body = f"{self.select(inner, visible, outer, DEEPEST)} UNION ALL SELECT "
                body += f"{', '.join(self.quoted(column) for column in inner)} FROM {self.quoted(name)}"
            if recursive:
                visible.pop(name, None)
            listed = f" ({', '.join(self.quoted(column) for column in inner)})" if self.chance() else ""
            parts.append(f"{self.quoted(name)}{listed} AS {self.materialized()}({body})")
            visible[name] = inner
        word = "RECURSIVE " if recursive else ""
        numbers, named = ", ".join("7" for _ in columns), ", ".join(self.quoted(name) for name in expressions)
        read = f"UNION ALL SELECT {numbers} FROM {named}"  # SQLite looks at no expression that is not read
        return f"WITH {word}{', '.join(parts)}{self.gap()}{self.query(columns, visible, outer, depth + 1)} {read}"

    def materialized(self) -> str:
        return ""

    def query(self, columns: list[str], ctes: dict[str, list[str]], outer: tuple[Source, ...], depth: int) -> str:
        if depth < DEEPEST and self.chance(0.2):
            operator = self.one("UNION", "UNION ALL", "EXCEPT", "INTERSECT")
            more = self.select(columns, ctes, outer, depth + 1)
            return f"{self.select(columns, ctes, outer, depth + 1)} {operator} {more}"
        return self.select(columns, ctes, outer, depth)

    def select(self, columns: list[str], ctes: dict[str, list[str]], outer: tuple[Source, ...], depth: int) -> str:
        sources: list[Source] = []
        origin = self.sources(ctes, outer, sources, depth)
        known = (*sources, *outer)
        items = ", ".join(f"{self.number(known, ctes, depth)} AS {self.quoted(column)}" for column in columns)
        text = f"SELECT {self.one('', '', 'DISTINCT ')}{items}{self.gap()}FROM {origin}"
        if self.chance(0.4):
            text += f"{self.gap()}WHERE {self.condition(known, ctes, depth)}"
        return text

    def sources(
        self, ctes: dict[str, list[str]], outer: tuple[Source, ...], sources: list[Source], depth: int, alone: str = ""
    ) -> str:
        """The text of a FROM clause; what it gives is added to `sources`."""
        text = self.source(ctes, outer, sources, depth)
        for _ in range(self.random.choice((1, 1, 2) if alone else (0, 0, 1, 1, 2))):
            kind = alone or self.one(",", *self.joins)
            text += f"{'' if kind == ',' else ' '}{kind}{self.gap()}"
            first = len(sources) - 1
            text += self.source(ctes, outer, sources, depth)
            if kind not in {",", "CROSS JOIN"}:
                text += f" ON {self.condition((*sources[first:],), ctes, depth + 1)}"
        return text

    def source(self, ctes: dict[str, list[str]], outer: tuple[Source, ...], sources: list[Source], depth: int) -> str:
        used = {source.alias for source in sources}
        alias = self.random.choice([name for name in NAMES if name not in used])
        choice = self.random.randrange(6) if depth < DEEPEST else 9
        if choice == 0:
            columns = self.names(1, 3)
            query = self.with_query(columns, ctes, outer, depth + 1)
            sources.append(Source(alias, dict.fromkeys(columns, "int")))
            return f"({query}) AS {self.quoted(alias)}"
        if choice == 1:
            return f"({self.sources(ctes, outer, sources, depth + 1, alone='CROSS JOIN')})"
        special = self.special_source(ctes, (*sources, *outer), alias, depth) if choice == 2 else None
        if special:
            sources.append(special[1])
            return special[0]
        if ctes and self.chance():
            cte = self.random.choice(list(ctes))
            sources.append(Source(alias, dict.fromkeys(ctes[cte], "int")))
            return f"{self.quoted(cte)} AS {self.quoted(alias)}"
        relation = self.random.choice(self.relations)
        written = self.relation_name(relation, ctes)
        if relation.name not in used and self.chance(0.3):
            sources.append(Source(relation.name, relation.columns))
            return written
        sources.append(Source(alias, relation.columns))
        return f"{written} {self.one('', 'AS ')}{self.quoted(alias)}"

    def relation_name(self, relation: Relation, ctes: Mapping[str, object]) -> str:
        """The name of a relation as a query writes it; some are hidden by common table expressions."""
        return self.named(relation.schema, relation.name)

    def special_source(
        self, ctes: dict[str, list[str]], known: tuple[Source, ...], alias: str, depth: int
    ) -> tuple[str, Source] | None:
        """A source that this database alone knows."""
        return None

    def column(self, known: tuple[Source, ...]) -> str:
        source = self.random.choice(known)
        column, kind = self.random.choice(list(source.columns.items()))
        text = f"{self.quoted(source.alias)}.{self.quoted(column)}"
        return text if kind == "int" else self.as_number(text)

    def as_number(self, text: str) -> str:
        return f"char_length(CAST({text} AS {self.text_type}))"

    def number(self, known: tuple[Source, ...], ctes: dict[str, list[str]], depth: int) -> str:
        """An expression that gives a number."""
        choice = self.random.randrange(8) if depth < DEEPEST else 9
        if choice == 0:
            return f"(SELECT max({self.quoted('x')}) FROM ({self.query(['x'], ctes, known, depth + 1)}) AS q)"
        if choice in {1, 2} and self.functions:
            return f"{self.named(*self.random.choice(self.functions))}({self.number(known, ctes, depth + 1)})"
        if choice == 3:
            then, other = self.column(known), self.number(known, ctes, depth + 1)
            return f"CASE WHEN {self.condition(known, ctes, depth + 1)} THEN {then} ELSE {other} END"
        special = self.special_number(known, ctes, depth) if choice == 4 else None
        return special or self.one(self.column(known), f"({self.column(known)} + 1)", "7")

    def special_number(self, known: tuple[Source, ...], ctes: dict[str, list[str]], depth: int) -> str | None:
        """An expression that this database alone knows."""
        return None

    def condition(self, known: tuple[Source, ...], ctes: dict[str, list[str]], depth: int) -> str:
        choice = self.random.randrange(5) if depth < DEEPEST else 9
        if choice == 0:
            return f"EXISTS ({self.query(['x'], ctes, known, depth + 1)})"
        if choice == 1:
            return f"{self.column(known)} {self.one('IN', 'NOT IN')} ({self.query(['x'], ctes, known, depth + 1)})"
        if choice == 2:
            return f"({self.condition(known, ctes, depth + 1)} {self.one('AND', 'OR')} {self.column(known)} IN (1, 2))"
        return f"{self.column(known)} {self.one(*OPERATORS)} {self.number(known, ctes, depth + 1)}"


class PostgreSQLProject(RandomProject):
    """A project of PostgreSQL in several schemas, in which files may set a search path."""

    joins = ("JOIN", "LEFT JOIN", "CROSS JOIN", "FULL JOIN", "RIGHT OUTER JOIN")

    def begin(self) -> None:
        self.schemas = ["public", *self.names(2, 2)]
        self.types: list[tuple[str, str]] = []
        self.values: dict[tuple[str, str], str] = {}
        self.sequences: list[tuple[str, str]] = []
        self.operators: list[tuple[str, str]] = []
        self.parents: list[Relation] = []
        self.numbers: list[tuple[str, str]] = []
        for schema in self.schemas[1:]:
            self.keep(f"CREATE SCHEMA {self.quoted(schema)};")

    def kinds(self) -> list[Callable[[], None]]:
        often = [self.table, self.view, self.view, self.view, self.function, self.function]
        rest = [self.materialized_view, self.enum, self.domain, self.composite, self.range_type, self.sequence]
        rest += [self.trigger, self.policy, self.rule, self.index, self.foreign_key, self.aggregate, self.operator]
        return [*often, *often, *rest, self.inheriting, self.partition, self.default, self.cast, self.procedure]

    def keep(self, text: str) -> bool:
        path = f"SET search_path = {', '.join(self.quoted(one) for one in self.path)};\n" if self.path else ""
        return super().keep(path + text)

    def new_name(self) -> tuple[str, str]:
        """Choose the path of a file, and the name of the object in it."""
        self.path = tuple(self.random.sample(self.schemas, self.random.randint(1, 3))) if self.chance(0.3) else ()
        free = [(schema, name) for schema in self.schemas for name in NAMES if (schema, name) not in self.taken]
        chosen = self.random.choice(free)
        self.taken.add(chosen)
        return chosen

    def named(self, schema: str, name: str) -> str:
        path = self.path or ("public",)
        if schema in path and self.chance():
            before = {(other, name) for other in path[: path.index(schema)]}
            if not before & self.taken:
                self.taken |= before
                return self.quoted(name)
        return f"{self.quoted(schema)}.{self.quoted(name)}"

    def relation_name(self, relation: Relation, ctes: Mapping[str, object]) -> str:
        if relation.name in ctes:
            return f"{self.quoted(relation.schema)}.{self.quoted(relation.name)}"
        return self.one("", "", "", "ONLY ") * relation.table + self.named(relation.schema, relation.name)

    def created(self, schema: str, name: str) -> str:
        """The name of the object that a file creates."""
        first = (self.path or ("public",))[0]
        return self.quoted(name) if schema == first and self.chance() else f"{self.quoted(schema)}.{self.quoted(name)}"

    def materialized(self) -> str:
        return self.one("", "MATERIALIZED ", "NOT MATERIALIZED ")

    # -- relations -----------------------------------------------------------------------------------------------------

    def table(self) -> None:
        schema, name = self.new_name()
        columns = {column: self.column_type() for column in self.names(1, 4)}
        parts = [f"{self.quoted(c)} {self.typed(t)}{self.constraint(c, t)}" for c, t in columns.items()]
        first, kind = next(iter(columns.items()))
        if kind == "int" and self.functions and self.chance(0.3):
            call = f"{self.named(*self.random.choice(self.functions))}({self.quoted(first)})"
            parts.append(f"generated_one int GENERATED ALWAYS AS ({call}) STORED")
            columns["generated_one"] = "int"
        if kind == "int" and self.functions and self.chance(0.3):
            call = f"{self.named(*self.random.choice(self.functions))}({self.quoted(first)})"
            parts.append(f"CONSTRAINT {self.quoted(self.one(*NAMES))} CHECK ({call} > 0)")
        if self.chance(0.2):
            parts.append(f"LIKE {self.named(*self.random.choice(self.relations)[:2])}") if self.relations else None
        partitioned = kind == "int" and self.chance(0.25)
        tail = f" PARTITION BY RANGE ({self.quoted(first)})" if partitioned else ""
        unique = first if " UNIQUE" in parts[0] and not partitioned else ""
        relation = Relation(schema, name, columns, not partitioned, unique)
        if self.keep(f"CREATE TABLE {self.created(schema, name)} ({', '.join(parts)}){tail};"):
            self.relations.append(relation)
            self.parents += [relation] if partitioned else []

    def column_type(self) -> str:
        return "int" if self.chance(0.6) or not self.types else str(self.random.randrange(len(self.types)))

    def typed(self, kind: str) -> str:
        if kind == "int":
            return self.one("int", "integer", "int4")
        return self.named(*self.types[int(kind)]) + self.one("", "", "[]")

    def constraint(self, column: str, kind: str) -> str:
        if kind != "int":
            value = self.values.get(self.types[int(kind)])
            return f" DEFAULT '{value}'::{self.named(*self.types[int(kind)])}" if value and self.chance(0.3) else ""
        found = ["", "", " NOT NULL", " UNIQUE", " NOT NULL UNIQUE"]
        if self.sequences:
            schema, name = self.random.choice(self.sequences)
            written = f'"{schema}"."{name}"'
            found.append(f" DEFAULT nextval('{written}'{self.one('', '::regclass')})")
        if self.functions:
            called = self.named(*self.random.choice(self.functions))
            found += [f" DEFAULT {called}(1)", f" CHECK ({called}({self.quoted(column)}) > 0)"]
        if target := self.referenced():
            found.append(f" REFERENCES {self.named(*target[:2])} ({self.quoted(target.unique)})")
        return self.one(*found)

    def referenced(self) -> Relation | None:
        """A table that a foreign key may name."""
        return self.random.choice([one for one in self.relations if one.unique] or [None])

    def inheriting(self) -> None:
        schema, name = self.new_name()
        parent = self.random.choice(self.relations)
        text = f"CREATE TABLE {self.created(schema, name)} () INHERITS ({self.named(*parent[:2])});"
        if self.keep(text):
            self.relations.append(Relation(schema, name, parent.columns, table=True))

    def partition(self) -> None:
        if not self.parents:
            return
        schema, name = self.new_name()
        parent = self.random.choice(self.parents)
        low = 10 * len(self.files)
        bounds = f"FOR VALUES FROM ({low}) TO ({low + 10})"
        head, of = self.created(schema, name), self.named(*parent[:2])
        if self.keep(f"CREATE TABLE {head} PARTITION OF {of} {bounds};"):
            self.relations.append(Relation(schema, name, parent.columns))

    def materialized_view(self) -> None:
        self.view("MATERIALIZED VIEW")

    def view(self, head: str = "VIEW") -> None:
        schema, name = self.new_name()
        columns = self.names(1, 3)
        query = self.with_query(columns, {}, (), 0)
        tail = "" if head == "VIEW" else " WITH NO DATA"
        if self.keep(f"CREATE {head} {self.created(schema, name)} AS{self.gap()}{query}{tail};"):
            self.relations.append(Relation(schema, name, dict.fromkeys(columns, "int")))

    def special_source(
        self, ctes: dict[str, list[str]], known: tuple[Source, ...], alias: str, depth: int
    ) -> tuple[str, Source] | None:
        choice = self.random.randrange(4)
        if choice == 0:
            columns = self.names(1, 2)
            query = self.with_query(columns, ctes, known, depth + 1)
            return f"LATERAL ({query}) {self.quoted(alias)}", Source(alias, dict.fromkeys(columns, "int"))
        if choice == 1 and self.functions:
            call = f"{self.named(*self.random.choice(self.functions))}(3)"
            ordinal = self.one("", " WITH ORDINALITY")
            listed = '("x")' if not ordinal else '("x", "n")'
            return f"{call}{ordinal} AS {self.quoted(alias)} {listed}", Source(alias, {"x": "int"})
        if choice == 2:
            return f"(VALUES (1, 2), (3, 4)) AS {self.quoted(alias)} (x, y)", Source(alias, {"x": "int", "y": "int"})
        if self.functions:
            first, second = self.random.choice(self.functions), self.random.choice(self.functions)
            call = f"ROWS FROM ({self.named(*first)}(1), {self.named(*second)}(2))"
            return f"{call} AS {self.quoted(alias)} (x, y)", Source(alias, {"x": "int", "y": "int"})
        return None

    def special_number(self, known: tuple[Source, ...], ctes: dict[str, list[str]], depth: int) -> str | None:
        column, query = self.column(known), self.query(["x"], ctes, known, depth + 1)
        found = [
            f"coalesce(array_length(ARRAY({query}), 1), 0)",
            f"(count(*) OVER (PARTITION BY {column} ORDER BY {self.column(known)}))::int",
            f"(CASE WHEN {column} = ANY ({query}) THEN 1 END)",
        ]
        if self.operators:
            schema, symbol = self.random.choice(self.operators)
            reached = schema in (self.path or ("public",)) and self.chance()
            written = symbol if reached else f"OPERATOR({self.quoted(schema)}.{symbol})"
            found.append(f"({column} {written} {self.column(known)})")
        if self.values:
            (schema, name), value = self.random.choice(list(self.values.items()))
            named = self.named(schema, name)
            found.append(f"char_length('{value}'::{named}::text)")
            found.append(f"char_length(CAST(CAST('{value}' AS {named}) AS text))")
        if self.numbers:
            found.append(f"(SELECT {self.named(*self.random.choice(self.numbers))}(x) FROM ({query}) AS s)")
        return self.one(*found)

    # -- types and the like --------------------------------------------------------------------------------------------

    def add_type(self, text: str, schema: str, name: str, value: str = "") -> None:
        if self.keep(text):
            self.types.append((schema, name))
            if value:
                self.values[schema, name] = value

    def enum(self) -> None:
        schema, name = self.new_name()
        self.add_type(f"CREATE TYPE {self.created(schema, name)} AS ENUM ('alpha', 'beta');", schema, name, "alpha")

    def domain(self) -> None:
        schema, name = self.new_name()
        base, value, check = "int", "1", ""
        if self.types and self.chance(0.4):
            one = self.random.choice(self.types)
            base, value = self.named(*one), self.values.get(one, "")
        elif self.functions and self.chance():
            check = f" CHECK ({self.named(*self.random.choice(self.functions))}(VALUE) > -99)"
        self.add_type(f"CREATE DOMAIN {self.created(schema, name)} AS {base}{check};", schema, name, value)

    def composite(self) -> None:
        schema, name = self.new_name()
        parts = ", ".join(f"{self.quoted(one)} {self.typed(self.column_type())}" for one in self.names(1, 3))
        self.add_type(f"CREATE TYPE {self.created(schema, name)} AS ({parts});", schema, name)

    def range_type(self) -> None:
        schema, name = self.new_name()
        diff, subtype = "", "int"
        if self.values and self.chance():
            subtype = self.named(*self.random.choice(list(self.values)))
        text = f"CREATE TYPE {self.created(schema, name)} AS RANGE (SUBTYPE = {subtype}{diff}, "
        multirange = f"{self.quoted(schema)}.m{len(self.files)}"
        self.add_type(f"{text}MULTIRANGE_TYPE_NAME = {multirange});", schema, name, "empty")

    def sequence(self) -> None:
        schema, name = self.new_name()
        if self.keep(f"CREATE SEQUENCE {self.created(schema, name)};"):
            self.sequences.append((schema, name))

    # -- routines ------------------------------------------------------------------------------------------------------

    def function(self) -> None:
        """A function of a number that gives a number, its body text, SQL, or of PL/pgSQL."""
        schema, name = self.new_name()
        choice = self.random.randrange(6)
        known = (Source(name, {"a": "int"}),)
        query = self.with_query(["x"], {}, (), 1)
        strict = self.one("", " STRICT")
        head = f"CREATE FUNCTION {self.created(schema, name)}(a int) RETURNS int IMMUTABLE{strict}"
        bodies = (
            f"LANGUAGE sql AS $body${self.with_query(['x'], {}, known, 1)}$body$",
            f"LANGUAGE sql BEGIN ATOMIC {query}; END",
            f"LANGUAGE sql BEGIN ATOMIC SELECT {self.number(known, {}, 2)}; {self.select(['x'], {}, known, 2)}; END",
            f"RETURN {self.number(known, {}, 1)}",
            f"LANGUAGE plpgsql AS $$BEGIN PERFORM * FROM ({query}) AS q; RETURN a; END$$",
            "LANGUAGE sql AS 'SELECT a + 1'",
        )
        if self.keep(f"{head} {bodies[choice]};"):
            self.functions.append((schema, name))

    def procedure(self) -> None:
        schema, name = self.new_name()
        table = self.random.choice([one for one in self.relations if one.table])
        value = self.number((Source(name, {"a": "int"}),), {}, 1)
        column = next((column for column, kind in table.columns.items() if kind == "int"), "x")
        where, other = self.named(*table[:2]), self.named(*self.random.choice(self.relations)[:2])
        body = self.one(
            f"INSERT INTO {where} ({self.quoted(column)}) SELECT {value}",
            f"UPDATE {where} SET {self.quoted(column)} = {value}",
            f"DELETE FROM {where} AS t USING {other} AS u WHERE {value} = 1",
            f"UPDATE {where} AS t SET {self.quoted(column)} = 1 FROM {other} AS u WHERE {value} = 1",
            f"MERGE INTO {where} AS t USING {other} AS u ON {value} = 1 WHEN MATCHED THEN DO NOTHING",
        )
        atomic = f"LANGUAGE sql BEGIN ATOMIC {body}; END"
        text = f"LANGUAGE sql AS $${body}$$"
        self.keep(f"CREATE PROCEDURE {self.created(schema, name)}(a int) {self.one(atomic, text)};")

    def aggregate(self) -> None:
        schema, name = self.new_name()
        base = self.created(schema, name)
        state = f'"{schema}"."{name[:3]}_state{len(self.files)}"'
        if not self.keep(f"CREATE FUNCTION {state}(int, int) RETURNS int IMMUTABLE RETURN coalesce($1, 0) + $2;"):
            return
        if self.keep(f"CREATE AGGREGATE {base}(int) (SFUNC = {state}, STYPE = int);"):
            self.numbers.append((schema, name))

    def operator(self) -> None:
        if not self.functions:
            return
        schema, _ = self.new_name()
        symbol = self.one("@@@", "<=>", "|+|", "#-#", "~>~", "%%")
        if (schema, symbol) in self.taken:
            return
        self.taken.add((schema, symbol))
        function = f'"{schema}"."op{len(self.files)}"'
        call = f"{self.named(*self.random.choice(self.functions))}(a)"
        if self.keep(f"CREATE FUNCTION {function}(a int, b int) RETURNS int IMMUTABLE RETURN {call} + b;"):
            head = f"CREATE OPERATOR {self.quoted(schema)}.{symbol}"
            if self.keep(f"{head} (LEFTARG = int, RIGHTARG = int, FUNCTION = {function});"):
                self.operators.append((schema, symbol))

    def cast(self) -> None:
        if not self.types:
            return
        self.new_name()
        self.path = ()
        one = self.random.choice(self.types)
        function = f'public."cast{len(self.files)}"'
        if self.keep(f"CREATE FUNCTION {function}({self.named(*one)}) RETURNS int IMMUTABLE RETURN 1;"):
            self.keep(f"CREATE CAST ({self.named(*one)} AS int) WITH FUNCTION {function}({self.named(*one)});")

    # -- parts of tables -----------------------------------------------------------------------------------------------

    def on_table(self) -> tuple[Relation, str, str]:
        """A table, how a file calls it, and a column of numbers."""
        self.new_name()
        relation = self.random.choice([one for one in self.relations if one.table])
        column = next((column for column, kind in relation.columns.items() if kind == "int"), "x")
        return relation, self.named(*relation[:2]), self.quoted(column)

    def trigger(self) -> None:
        _, table, column = self.on_table()
        function = f'"{self.one(*self.schemas)}"."{self.one(*NAMES)}_{len(self.files)}"'
        body = f"BEGIN PERFORM 1 FROM {self.named(*self.random.choice(self.relations)[:2])}; RETURN NEW; END"
        if not self.keep(f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$;"):
            return
        when = ""
        if self.functions and self.chance():
            when = f" WHEN ({self.named(*self.random.choice(self.functions))}(NEW.{column}) > 0)"
        moment = self.one("BEFORE INSERT", "AFTER UPDATE", f"BEFORE UPDATE OF {column}", "AFTER INSERT OR UPDATE")
        head = f"CREATE TRIGGER {self.quoted(self.one(*NAMES))} {moment} ON {table}"
        self.keep(f"{head} FOR EACH ROW{when} EXECUTE FUNCTION {function}();")

    def policy(self) -> None:
        relation, table, _ = self.on_table()
        known = (Source(relation.name, relation.columns),)
        condition = self.condition(known, {}, 1)
        self.keep(f"CREATE POLICY {self.quoted(self.one(*NAMES))} ON {table} USING ({condition});")

    def rule(self) -> None:
        _, table, column = self.on_table()
        other = self.random.choice([one for one in self.relations if one.table])
        target = next((name for name, kind in other.columns.items() if kind == "int"), "x")
        into = self.named(*other[:2])
        action = self.one(
            "NOTHING",
            f"INSERT INTO {into} ({self.quoted(target)}) VALUES (NEW.{column})",
            f"UPDATE {into} SET {self.quoted(target)} = NEW.{column}",
            f"(INSERT INTO {into} ({self.quoted(target)}) {self.select(['x'], {}, (), 2)}; DELETE FROM {into})",
        )
        self.keep(f"CREATE RULE {self.quoted(self.one(*NAMES))} AS ON INSERT TO {table} DO ALSO {action};")

    def index(self) -> None:
        _, table, column = self.on_table()
        if not self.functions:
            return
        call = f"{self.named(*self.random.choice(self.functions))}({column})"
        where = f" WHERE {self.named(*self.random.choice(self.functions))}({column}) > 0" if self.chance() else ""
        name = self.quoted(f"i{len(self.files)}") + " " if self.chance() else ""
        self.keep(f"CREATE {self.one('', 'UNIQUE ')}INDEX {name}ON {table} ({column}, ({call})){where};")

    def foreign_key(self) -> None:
        _, table, column = self.on_table()
        other = self.referenced()
        if not other:
            return
        name = self.quoted(f"k{len(self.files)}")
        where = f"{self.named(*other[:2])} ({self.quoted(other.unique)})"
        self.keep(f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {where};")

    def default(self) -> None:
        _, table, column = self.on_table()
        if self.functions:
            call = f"{self.named(*self.random.choice(self.functions))}(2)"
            self.keep(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {call};")


class SQLiteProject(RandomProject):
    """A project of SQLite: tables, views that may come before what they read, and triggers."""

    joins = ("JOIN", "LEFT JOIN", "CROSS JOIN", "INNER JOIN", "NATURAL LEFT JOIN")

    def kinds(self) -> list[Callable[[], None]]:
        return [self.table, self.view, self.view, self.view, self.trigger, self.index, self.foreign_key]

    def as_number(self, text: str) -> str:
        return f"length({text})"

    def materialized(self) -> str:
        return self.one("", "MATERIALIZED ", "NOT MATERIALIZED ")

    def special_number(self, known: tuple[Source, ...], ctes: dict[str, list[str]], depth: int) -> str | None:
        return self.one(
            f"count(*) FILTER (WHERE {self.column(known)} > 1) OVER (ORDER BY {self.column(known)})",
            f"sum({self.column(known)}) OVER (PARTITION BY {self.column(known)} ORDER BY {self.column(known)})",
            f"({self.column(known)} IS NOT DISTINCT FROM {self.column(known)})",
        )

    def special_source(
        self, ctes: dict[str, list[str]], known: tuple[Source, ...], alias: str, depth: int
    ) -> tuple[str, Source] | None:
        each = f"json_each('[1, 2]') AS {self.quoted(alias)}"
        return self.random.choice([(each, Source(alias, {"value": "int"})), None])

    def trigger(self) -> None:
        name = self.new_name()[1]
        relation = self.random.choice(self.relations)
        moment = "AFTER" if relation.table else "INSTEAD OF"
        target = self.random.choice([one for one in self.relations if one.table])
        table, column = self.quoted(target.name), self.quoted(self.one(*target.columns))
        query = self.select(["x"], {}, (), 2)
        action = self.one(
            f"INSERT INTO {table} ({column}) {query}",
            f"UPDATE {table} SET {column} = ({query})",
            f"DELETE FROM {table} WHERE {column} IN ({query})",
            f"REPLACE INTO {table} ({column}) SELECT {self.column((Source('NEW', relation.columns),))}",
        )
        head = f"CREATE TRIGGER {self.quoted(name)} {moment} INSERT ON {self.quoted(relation.name)}"
        self.keep(f"{head} BEGIN {action}; END;")

    def index(self) -> None:
        name = self.new_name()[1]
        relation = self.random.choice([one for one in self.relations if one.table])
        column = self.quoted(self.one(*relation.columns))
        where = self.one("", f" WHERE {column} > 1")
        self.keep(f"CREATE INDEX {self.quoted(name)} ON {self.quoted(relation.name)} ({column}){where};")

    def foreign_key(self) -> None:
        name = self.new_name()[1]
        relation = self.random.choice([one for one in self.relations if one.table])
        target = f"{self.quoted(relation.name)} ({self.quoted(self.one(*relation.columns))})"
        if self.keep(f"CREATE TABLE {self.quoted(name)} (x int REFERENCES {target});"):
            self.relations.append(Relation("", name, {"x": "int"}, table=True))


class MySQLProject(RandomProject):
    """A project of MySQL or MariaDB: tables, views, functions and triggers."""

    quotes = "``"
    text_type = "char"
    joins = ("JOIN", "LEFT JOIN", "CROSS JOIN", "INNER JOIN", "STRAIGHT_JOIN", "RIGHT JOIN")

    def kinds(self) -> list[Callable[[], None]]:
        return [self.table, self.view, self.view, self.view, self.function, self.like, self.foreign_key]

    def table(self) -> None:
        name = self.new_name()[1]
        columns = self.names(1, 4)
        text = ", ".join(f"{self.quoted(column)} int" for column in columns)
        if self.keep(f"CREATE TABLE {self.quoted(name)} ({text}, KEY ({self.quoted(columns[0])}));"):
            self.relations.append(Relation("", name, dict.fromkeys(columns, "int"), table=True, unique=columns[0]))

    def special_number(self, known: tuple[Source, ...], ctes: dict[str, list[str]], depth: int) -> str | None:
        return self.one(
            f"(count(*) OVER (PARTITION BY {self.column(known)} ORDER BY {self.column(known)}))",
            f"({self.column(known)} <=> {self.column(known)})",
            f"({self.column(known)} > ANY ({self.query(['x'], ctes, (), depth + 1)}))",
            f"if({self.column(known)} > 1, {self.column(known)}, 2)",
        )

    def function(self) -> None:
        name = self.new_name()[1]
        query = self.query(["x"], {}, (), 2)
        body = self.one("RETURN a + 1", f"RETURN (SELECT max(x) FROM ({query}) AS q)")
        if self.keep(f"CREATE FUNCTION {self.quoted(name)}(a int) RETURNS int READS SQL DATA {body};"):
            self.functions.append(("", name))

    def like(self) -> None:
        name = self.new_name()[1]
        other = self.random.choice([one for one in self.relations if one.table])
        if self.keep(f"CREATE TABLE {self.quoted(name)} LIKE {self.quoted(other.name)};"):
            self.relations.append(other._replace(name=name))

    def foreign_key(self) -> None:
        name = self.new_name()[1]
        other = self.random.choice([one for one in self.relations if one.unique])
        target = f"{self.quoted(other.name)} ({self.quoted(other.unique)})"
        if self.keep(f"CREATE TABLE {self.quoted(name)} (x int, FOREIGN KEY (x) REFERENCES {target});"):
            self.relations.append(Relation("", name, {"x": "int"}, table=True))
