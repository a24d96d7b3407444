"""A generated project of N objects, the same for the same N."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
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
class Target:
    """Where a project is deployed."""

    host: str
    port: int
    database: str
    username: str
    password: str


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
    def of(cls, size: int) -> Counts:
        """Share out `size` files: 60 % views, 15 % functions and procedures each, 5 % data and tests each."""
        if size < SMALLEST:
            raise ValueError(f"a project has at least {SMALLEST} objects, not {size}")
        functions = procedures = size * 15 // 100
        data = tests = size * 5 // 100
        return cls(functions, size - 2 * functions - 2 * data, procedures, data, tests)


@dataclass(frozen=True)
class Project:
    """A project as a value. `files` stand in an order that works, which no alphabetical order is."""

    files: tuple[SourceFile, ...]

    def write(self, folder: Path, target: Target) -> None:
        """Write the whole project folder, its config pointing to `target`."""
        contents = {
            "alembic.ini": ALEMBIC_INI,
            "alembic/env.py": ENV_PY,
            "alembic/script.py.mako": SCRIPT_MAKO,
            f"alembic/versions/{REVISION}_tables.py": migration(),
            "tasks.py": TASKS_PY,
            "invoke.yaml": INVOKE_YAML,
        }
        contents |= {file.path: file.text for file in self.files}
        for path, text in contents.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        write_config(folder, target)


def write_config(folder: Path, target: Target) -> None:
    """Point the project in `folder` to `target`."""
    backend = {
        "allowed_actions": "ALL",
        "sql_dialect": "postgresql+psycopg",
        "target_server_hostname": target.host,
        "sql_port": target.port,
        "target_database_name": target.database,
        "username": target.username,
        "password": target.password,
    }
    (folder / "dev.json").write_text(json.dumps({"BACKEND": backend}, indent=4) + "\n", encoding="utf-8")


def generate(size: int) -> Project:
    """Generate a project of `size` SQL files beside its one migration.

    Numbers in names run against the order that works: the object that everything rests on sorts last. Header comments
    name the object that reads the file, so that an order taken from comments would be a cycle.
    """
    counts = Counts.of(size)
    functions = tuple(_functions(counts.functions - counts.functions // 10, counts.functions))
    views = tuple(_views(counts.views, functions))
    readers = tuple(_readers(counts.functions // 10, views))
    procedures = tuple(_procedures(counts.procedures, views))
    return Project((*functions, *views, *readers, *procedures, *_data(counts.data), *_tests(counts.tests, views)))


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
    """Return the statements that the Alembic revision comes to, Alembic's own table included."""
    columns = ", ".join(f"{name} {kind}" for name, _, kind in COLUMNS)
    statements = ["CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"]
    for table in TABLES:
        statements.append(f"CREATE TABLE {table} ({columns}, PRIMARY KEY (id));")
        statements.append(f"CREATE INDEX ix_{table}_name ON {table} (name);")
    statements.append(f"INSERT INTO alembic_version (version_num) VALUES ('{REVISION}');")
    return "\n".join(statements) + "\n"


def _functions(count: int, highest: int) -> Iterator[SourceFile]:
    names = [f"public.f_{highest - place:05}_rate" for place in range(count)]
    for place, name in enumerate(names):
        used = (names[place - 1],) if place % 4 else ()
        inner = f"{used[0]}(value)" if used else "value"
        reader = names[place + 1] if place + 1 < count else "nobody"
        text = f"""\
-- A rate; {reader} may call it.
CREATE OR REPLACE FUNCTION {name}(value integer)
RETURNS integer
LANGUAGE sql
IMMUTABLE
AS $body$
    SELECT ({inner} * 7 + {place}) % 1000;
$body$;
"""
        yield SourceFile("functions", name, text, used)


def _views(count: int, functions: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    chains = -(-count // DEPTH)
    names = [f"public.v_{count - place:05}_{TABLES[place % chains % len(TABLES)]}" for place in range(count)]
    for place, name in enumerate(names):
        level, chain = divmod(place, chains)
        below = (names[place - chains],) if level else ()
        rate = (functions[place % len(functions)].name,) if level % 3 == 0 else ()
        source = below[0] if below else f"public.{TABLES[chain % len(TABLES)]}"
        other = TABLES[(chain + level) % len(TABLES)]
        amount = f"{rate[0]}(source.amount)" if rate else "source.amount"
        reader = names[place + chains] if place + chains < count else "nobody"
        text = f"""\
-- Step {level + 1} of {DEPTH}; {reader} reads it.
CREATE OR REPLACE VIEW {name} AS
SELECT
    source.id,
    source.name,
    {amount} AS amount,
    CASE WHEN source.quantity > 0 THEN source.status ELSE 'none; nothing: 0 %' END::varchar(20) AS status,
    source.quantity,
    coalesce(source.price, other.price) AS price,
    greatest(source.changed_on, other.changed_on) AS changed_on,
    source.quantity * source.price AS total
FROM {source} AS source
LEFT JOIN public.{other} AS other ON other.id = source.id
WHERE source.amount IS NOT NULL;
"""
        yield SourceFile("views", name, text, below + rate)


def _readers(count: int, views: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    """Yield functions that read a view: no order by kind creates all functions and all views."""
    for place in range(count):
        name = f"public.f_{count - place:05}_total"
        view = views[-1 - place % len(views)].name
        text = f"""\
CREATE OR REPLACE FUNCTION {name}()
RETURNS bigint
LANGUAGE sql
STABLE
AS $body$
    SELECT sum(source.amount) FROM {view} AS source;
$body$;
"""
        yield SourceFile("functions", name, text, (view,))


def _procedures(count: int, views: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    for place in range(count):
        name = f"public.p_{count - place:05}_note"
        view = views[place % len(views)].name
        text = f"""\
-- Notes what the view holds now.
CREATE OR REPLACE PROCEDURE {name}(lowest integer DEFAULT 0)
LANGUAGE plpgsql
AS $body$
BEGIN
    DELETE FROM public.audit WHERE amount < lowest;
    INSERT INTO public.audit (id, name, amount)
    SELECT source.id, source.name, source.amount
    FROM {view} AS source
    WHERE source.amount >= lowest;
    RAISE NOTICE 'noted from %: 100 %%', lowest;
END;
$body$;
"""
        yield SourceFile("procedures", name, text, (view,))


def _data(count: int) -> Iterator[SourceFile]:
    columns = ", ".join(name for name, _, _ in COLUMNS)
    for place in range(count):
        table = TABLES[place % len(TABLES)]
        first = place * ROWS + 1
        rows = ",\n".join(
            f"    ({key}, '{table} {key}: 100 %', {key % 97}, 'new', {key % 7}, {key % 89}.50, '2024-02-29')"
            for key in range(first, first + ROWS)
        )
        text = f"""\
INSERT INTO public.{table} ({columns})
VALUES
{rows}
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, amount = EXCLUDED.amount, price = EXCLUDED.price;
"""
        yield SourceFile("data", f"{place + 1:05}_{table}", text)


def _tests(count: int, views: tuple[SourceFile, ...]) -> Iterator[SourceFile]:
    for place in range(count):
        view = views[-1 - place * 7 % len(views)].name
        table = view.rpartition("_")[2]
        text = f"""\
SELECT
    '{view}' AS test_name,
    'the view loses rows of {table}' AS issue,
    CASE
        WHEN (SELECT count(*) FROM {view}) = (SELECT count(*) FROM public.{table}) THEN 'OK'
        ELSE 'ERROR'
    END AS result;
"""
        yield SourceFile("tests", f"{place + 1:05}_{table}", text, (view,))
