"""A generated project of N objects, the same for the same N, in the SQL of PostgreSQL, MariaDB or SQLite."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SMALLEST = 20
DEPTH = 10
ROWS = 10
REVISION = "0001"
TABLES = ("customer", "product", "purchase", "stock", "region", "audit")
COLUMNS = (
    ("id", "sa.Integer, primary_key=True, autoincrement=False", "INTEGER NOT NULL"),
    ("name", "sa.String(100), nullable=False", "VARCHAR(100) NOT NULL"),
    ("amount", "sa.Integer", "INTEGER"),
    ("status", "sa.String(20)", "VARCHAR(20)"),
    ("quantity", "sa.Integer", "INTEGER"),
    ("price", "sa.Numeric(12, 2)", "NUMERIC(12, 2)"),
    ("changed_on", "sa.Date", "DATE"),
)

ALEMBIC_INI = """\
[alembic]
script_location = %(here)s/alembic
path_separator = os
"""

ENV_PY = """\
from ahjo_tasks.alembic_env import run

run()
"""

SCRIPT_MAKO = '''\
"""${message}"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''

TASKS_PY = """\
from ahjo_tasks import namespace

ns = namespace()
"""

INVOKE_YAML = """\
tasks:
  dedupe: false
"""


@dataclass(frozen=True)
class Phrases:
    """What differs between the databases."""

    schema: str
    create_view: str
    text: str
    greatest: str
    rate: str
    note: str
    conflict: str

    @property
    def has_routines(self) -> bool:
        """Whether there are functions and procedures."""
        return bool(self.rate)


EXCLUDED = "ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, amount = EXCLUDED.amount, price = EXCLUDED.price"
PHRASES = {
    "postgresql": Phrases(
        "public.",
        "CREATE OR REPLACE VIEW {0} AS",
        "{0}::varchar(20)",
        "greatest",
        "LANGUAGE sql\n{1}\nAS $body$\n    SELECT {0};\n$body$",
        """\
LANGUAGE plpgsql
AS $body$
BEGIN
    DELETE FROM public.audit WHERE amount < lowest;
    {0};
    RAISE NOTICE 'noted from %: 100 %%', lowest;
END;
$body$""",
        EXCLUDED,
    ),
    "mysql": Phrases(
        "",
        "CREATE OR REPLACE VIEW {0} AS",
        "CAST({0} AS CHAR(20))",
        "greatest",
        "{2}\nRETURN {0}",
        "{0}",
        "ON DUPLICATE KEY UPDATE name = VALUES(name), amount = VALUES(amount), price = VALUES(price)",
    ),
    "sqlite": Phrases("", "DROP VIEW IF EXISTS {0};\nCREATE VIEW {0} AS", "CAST({0} AS TEXT)", "max", "", "", EXCLUDED),
}


@dataclass(frozen=True)
class SourceFile:
    """One SQL file. `uses` names the project's objects that must exist before it runs."""

    kind: str
    name: str
    text: str
    uses: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path inside the project folder."""
        return f"database/{self.kind}/{self.name}.sql"


@dataclass(frozen=True)
class Counts:
    """How many files of each kind a project has."""

    functions: int
    views: int
    procedures: int
    data: int
    tests: int

    @classmethod
    def of(cls, size: int, *, has_routines: bool = True) -> Counts:
        """Share out `size` files: 60 % views, 15 % functions and procedures each, 5 % data and tests each."""
        if size < SMALLEST:
            raise ValueError(f"a project has at least {SMALLEST} objects, not {size}")
        functions = procedures = size * 15 // 100 if has_routines else 0
        data = tests = size * 5 // 100
        return cls(functions, size - 2 * functions - 2 * data, procedures, data, tests)


@dataclass(frozen=True)
class Project:
    """A project as a value. `files` stand in an order that works, which no alphabetical order is."""

    files: tuple[SourceFile, ...]

    def names(self, *kinds: str) -> frozenset[str]:
        """Return the names of these kinds of files, without schema."""
        return frozenset(file.name.rpartition(".")[2] for file in self.files if file.kind in kinds)

    @property
    def deployed(self) -> tuple[SourceFile, ...]:
        """The files that change the database: all but the tests."""
        return tuple(file for file in self.files if file.kind != "tests")

    @property
    def rows(self) -> int:
        """How many rows the data files bring."""
        return sum(ROWS for file in self.files if file.kind == "data")

    def write(self, folder: Path, backend: Mapping[str, object]) -> None:
        """Write the whole project folder, its config made of `backend`."""
        contents = {
            "alembic.ini": ALEMBIC_INI,
            "alembic/env.py": ENV_PY,
            "alembic/script.py.mako": SCRIPT_MAKO,
            f"alembic/versions/{REVISION}_tables.py": migration(),
            "tasks.py": TASKS_PY,
            "invoke.yaml": INVOKE_YAML,
        }
        contents |= {file.path: file.text for file in self.files}
        contents["dev.json"] = json.dumps({"BACKEND": {"allowed_actions": "ALL", **backend}}, indent=4) + "\n"
        for path, text in contents.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def generate(size: int, dialect: str = "postgresql") -> Project:
    """Generate a project of `size` SQL files beside its one migration.

    Numbers in names run against the order that works: the object that everything rests on sorts last. Header comments
    name the object that reads the file, so that an order taken from comments would be a cycle.
    """
    phrases = PHRASES[dialect]
    counts = Counts.of(size, has_routines=phrases.has_routines)
    functions = tuple(_functions(phrases, counts.functions - counts.functions // 10, counts.functions))
    views = tuple(_views(phrases, counts.views, functions))
    readers = tuple(_readers(phrases, counts.functions // 10, views))
    procedures = tuple(_procedures(phrases, counts.procedures, views))
    data = tuple(_data(phrases, counts.data))
    return Project((*functions, *views, *readers, *procedures, *data, *_tests(phrases, counts.tests, views)))


def with_tests(project: Project, count: int, dialect: str = "postgresql") -> Project:
    """Return the project with `count` tests in place of its own."""
    views = tuple(file for file in project.files if file.kind == "views")
    return Project((*project.deployed, *_tests(PHRASES[dialect], count, views)))


def changed(view: SourceFile, number: int) -> SourceFile:
    """Return the view with a condition more, which names the number."""
    return replace(view, text=view.text.replace("IS NOT NULL", f"IS NOT NULL AND source.id <> {number}", 1))


def migration() -> str:
    """Return the one Alembic revision, which creates the tables."""
    columns = "".join(f'\n            sa.Column("{name}", {kind}),' for name, kind, _ in COLUMNS)
    return f'''\
"""Create the tables."""

import sqlalchemy as sa
from alembic import op

revision = "{REVISION}"
down_revision = None

TABLES = {TABLES!r}


def upgrade():
    for table in TABLES:
        op.create_table(
            table,{columns}
        )
        op.create_index(f"ix_{{table}}_name", table, ["name"])


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
'''


def migration_sql() -> str:
    """Return the statements that the Alembic revision comes to, without Alembic's own table."""
    columns = ", ".join(f"{name} {kind}" for name, _, kind in COLUMNS)
    statements = []
    for table in TABLES:
        statements.append(f"CREATE TABLE {table} ({columns}, PRIMARY KEY (id));")
        statements.append(f"CREATE INDEX ix_{table}_name ON {table} (name);")
    return "\n".join(statements) + "\n"


def _functions(phrases: Phrases, count: int, highest: int) -> Iterator[SourceFile]:
    names = [f"{phrases.schema}f_{highest - place:05}_rate" for place in range(count)]
    for place, name in enumerate(names):
        used = (names[place - 1],) if place % 4 else ()
        inner = f"{used[0]}(value)" if used else "value"
        reader = names[place + 1] if place + 1 < count else "nobody"
        body = phrases.rate.format(f"({inner} * 7 + {place}) % 1000", "IMMUTABLE", "DETERMINISTIC")
        text = f"""\
-- A rate; {reader} may call it.
CREATE OR REPLACE FUNCTION {name}(value integer)
RETURNS integer
{body};
"""
        yield SourceFile("functions", name, text, used)


def _views(phrases: Phrases, count: int, functions: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    chains = -(-count // DEPTH)
    names = [f"{phrases.schema}v_{count - place:05}_{TABLES[place % chains % len(TABLES)]}" for place in range(count)]
    for place, name in enumerate(names):
        level, chain = divmod(place, chains)
        below = (names[place - chains],) if level else ()
        rate = (functions[place % len(functions)].name,) if functions and level % 3 == 0 else ()
        source = below[0] if below else f"{phrases.schema}{TABLES[chain % len(TABLES)]}"
        other = TABLES[(chain + level) % len(TABLES)]
        amount = f"{rate[0]}(source.amount)" if rate else "source.amount"
        reader = names[place + chains] if place + chains < count else "nobody"
        status = phrases.text.format("CASE WHEN source.quantity > 0 THEN source.status ELSE 'none; nothing: 0 %' END")
        text = f"""\
-- Step {level + 1} of {DEPTH}; {reader} reads it.
{phrases.create_view.format(name)}
SELECT
    source.id,
    source.name,
    {amount} AS amount,
    {status} AS status,
    source.quantity,
    coalesce(source.price, other.price) AS price,
    {phrases.greatest}(source.changed_on, other.changed_on) AS changed_on,
    source.quantity * source.price AS total
FROM {source} AS source
LEFT JOIN {phrases.schema}{other} AS other ON other.id = source.id
WHERE source.amount IS NOT NULL;
"""
        yield SourceFile("views", name, text, below + rate)


def _readers(phrases: Phrases, count: int, views: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    """Yield functions that read a view: no order by kind creates all functions and all views."""
    for place in range(count):
        name = f"{phrases.schema}f_{count - place:05}_total"
        view = views[-1 - place % len(views)].name
        body = phrases.rate.format(f"(SELECT sum(source.amount) FROM {view} AS source)", "STABLE", "READS SQL DATA")
        text = f"""\
CREATE OR REPLACE FUNCTION {name}()
RETURNS bigint
{body};
"""
        yield SourceFile("functions", name, text, (view,))


def _procedures(phrases: Phrases, count: int, views: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    for place in range(count):
        name = f"{phrases.schema}p_{count - place:05}_note"
        view = views[place % len(views)].name
        insert = (
            f"INSERT INTO {phrases.schema}audit (id, name, amount)\n    SELECT source.id, source.name, source.amount\n"
            f"    FROM {view} AS source\n    WHERE source.amount >= lowest"
        )
        text = f"""\
-- Notes what the view holds now.
CREATE OR REPLACE PROCEDURE {name}(lowest integer)
{phrases.note.format(insert)};
"""
        yield SourceFile("procedures", name, text, (view,))


def _data(phrases: Phrases, count: int) -> Iterator[SourceFile]:
    columns = ", ".join(name for name, _, _ in COLUMNS)
    for place in range(count):
        table = TABLES[place % len(TABLES)]
        first = place * ROWS + 1
        rows = ",\n".join(
            f"    ({key}, '{table} {key}: 100 %', {key % 97}, 'new', {key % 7}, {key % 89}.50, '2024-02-29')"
            for key in range(first, first + ROWS)
        )
        text = f"""\
-- run: on change
INSERT INTO {phrases.schema}{table} ({columns})
VALUES
{rows}
{phrases.conflict};
"""
        yield SourceFile("data", f"{place + 1:05}_{table}", text)


def _tests(phrases: Phrases, count: int, views: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    for place in range(count):
        view = views[-1 - place * 7 % len(views)].name
        table = view.rpartition("_")[2]
        text = f"""\
SELECT
    '{view}' AS test_name,
    'the view loses rows of {table}' AS issue,
    CASE
        WHEN (SELECT count(*) FROM {view}) = (SELECT count(*) FROM {phrases.schema}{table}) THEN 'OK'
        ELSE 'ERROR'
    END AS result;
"""
        yield SourceFile("tests", f"{place + 1:05}_{table}", text, (view,))
