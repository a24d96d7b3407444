"""The actions that change something: each on a project that it has much to do for, in a database of its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inside import deployed
from projects import ROOT
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inside import Deployed
    from targets import Target

EVERYWHERE = ("sqlite", "postgresql", "mysql", "mssql")
ITEM = """op.create_table("item", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    op.create_table("shop", sa.Column("id", sa.Integer), sa.Column("name", sa.String(20)))
    op.create_index("shop_name", "shop", ["name"])
    op.execute("INSERT INTO shop VALUES (1, 'one')")"""
ITEM_DOWN = 'op.drop_table("shop")\n    op.drop_table("item")'
PRICE = """op.add_column("item", sa.Column("price", sa.Integer))
    op.execute("UPDATE shop SET name = 'two' WHERE id = 1")
    op.execute("INSERT INTO shop VALUES (2, 'two')")
    op.create_table("stock", sa.Column("id", sa.Integer))"""
PRICE_DOWN = 'op.drop_table("stock")\n    op.drop_column("item", "price")'
ROUTINES = {
    "postgresql": "CREATE OR REPLACE FUNCTION {0}() RETURNS int LANGUAGE sql AS 'SELECT {1}';\n",
    "mysql": "CREATE OR REPLACE FUNCTION {0}() RETURNS int DETERMINISTIC RETURN {1};\n",
    "mssql": "DROP FUNCTION IF EXISTS dbo.{0};\nGO\nCREATE FUNCTION dbo.{0}() RETURNS int AS BEGIN RETURN {1} END;\n",
}
VIEWS = 6


@dataclass(frozen=True)
class Scenario:
    """An action, and what there is before it. One that `repeats` changes the database again when it is run again.

    One that is `committed_alone` has a single step, which is committed before it is recorded.
    """

    name: str
    prepare: Callable[[Deployed], None]
    command: Callable[[Deployed], tuple[str, ...]]
    databases: tuple[str, ...] = EVERYWHERE
    create: bool = True
    extra: tuple[tuple[str, object], ...] = ()
    repeats: bool = False
    committed_alone: bool = False

    def is_one_transaction(self, database: str) -> bool:
        """Tell whether a run that is killed leaves nothing; else the last second of what it did is not known."""
        return database != "mysql" and BY_FILE[0] not in self.extra and not self.committed_alone

    def project(self, target: Target, folder: Path) -> Deployed:
        """Write a project and prepare its database."""
        live = deployed(target, folder, create=self.create, **dict(self.extra))
        self.prepare(live)
        live.reconfigure(lock_timeout=60)
        return live


def first_version(live: Deployed) -> None:
    """Write a migration, views in a chain, and routines."""
    dbo = "dbo." if live.target.name == "mssql" else ""
    revision(live, "a1", None, ITEM, ITEM_DOWN)
    for number in range(VIEWS):
        live.view(f"v{number}", f"SELECT id FROM {dbo}{f'v{number - 1}' if number else 'item'}")
    routine = ROUTINES.get(live.target.name)
    for name in ("f1", "f2") if routine else ():
        live.write(f"database/functions/{name}.sql", str(routine).format(name, 1))


def second_version(live: Deployed) -> None:
    """Change what the first version has: another migration, views with another column, a new one and none."""
    first_version(live)
    live.succeed("deploy")
    dbo = "dbo." if live.target.name == "mssql" else ""
    revision(live, "a2", "a1", PRICE, PRICE_DOWN)
    for number in (0, 3):
        live.view(f"v{number}", f"SELECT id, 2 AS two FROM {dbo}{f'v{number - 1}' if number else 'item'}")
    live.view("new", f"SELECT price FROM {dbo}item")
    (live.directory / f"database/views/v{VIEWS - 1}.sql").unlink()
    routine = ROUTINES.get(live.target.name)
    if routine:
        live.write("database/functions/f1.sql", routine.format("f1", 2))


def rows(live: Deployed) -> None:
    """Write data files of each kind over the first version."""
    first_version(live)
    live.succeed("deploy")
    live.write("database/data/a.sql", "INSERT INTO shop VALUES (10, 'ten');\nINSERT INTO shop VALUES (11, 'more');\n")
    live.write("database/data/b.sql", "-- run: once\nINSERT INTO shop VALUES (20, 'twenty');\n")
    live.write("database/data/item.csv", "id\n" + "".join(f"{number}\n" for number in range(50)))
    live.write("database/data/shop.csv", "id;name\n30;thirty\n")
    live.write("database/data/testdata/c.sql", "INSERT INTO shop VALUES (40, 'forty');\n")


def whole(live: Deployed) -> None:
    """Write all of a first version, with data and a test, and no database."""
    first_version(live)
    live.write("database/data/item.csv", "id\n1\n2\n")
    live.write("database/data/testdata/c.sql", "INSERT INTO shop VALUES (40, 'forty');\n")
    live.write("database/tests/t.sql", "SELECT 'ok' AS result, 'there' AS test_name;\n")


def ours(live: Deployed) -> None:
    """Deploy to a database that `init` has made."""
    whole(live)
    live.succeed("init")
    live.succeed("deploy")


def deployed_once(live: Deployed) -> None:
    first_version(live)
    live.write("database/drop_obsolete_objects.sql", "DROP VIEW IF EXISTS v5;\nDROP VIEW IF EXISTS v4;\n")
    live.succeed("deploy")


def deployed_twice(live: Deployed) -> None:
    second_version(live)
    live.view(f"v{VIEWS - 1}", f"SELECT id FROM {'dbo.' if live.target.name == 'mssql' else ''}v{VIEWS - 2}")
    (live.directory / "alembic/versions/a2.py").unlink()
    live.view("new", "SELECT 1 AS price")
    live.succeed("deploy")


def by_hand(live: Deployed) -> None:
    """Have objects of the files in the database that no run has recorded."""
    first_version(live)
    live.succeed("deploy")
    tables = ("state", "runs", "steps", "objects", "data", "texts")
    live.by_hand(
        *(f"DROP TABLE ahjo_{name}" for name in tables if live.has(f"ahjo_{name}")), "DROP TABLE alembic_version"
    )


def files_away(live: Deployed) -> None:
    """Have a database, and a project without its files."""
    by_hand(live)
    shutil.copy(ROOT / "project_template/common/alembic/script.py.mako", live.directory / "alembic")
    for path in [*live.directory.rglob("database/*/*.sql"), *live.directory.glob("alembic/versions/*.py")]:
        path.unlink()


def last_run(live: Deployed) -> str:
    return str(json.loads(live.succeed("history", "--format", "json").out)["runs"][0]["run_id"])


def _rollback(live: Deployed) -> tuple[str, ...]:
    return ("rollback", "--run", last_run(live))


def _as(*command: str) -> Callable[[Deployed], tuple[str, ...]]:
    return lambda _live: command


BY_FILE = (("deploy_transaction", "file"),)
SERVERS = EVERYWHERE[1:]
SCENARIOS = (
    Scenario("deploy", first_version, _as("deploy")),
    Scenario("deploy, changed", second_version, _as("deploy", "--prune")),
    Scenario("deploy, by file", first_version, _as("deploy"), extra=BY_FILE),
    Scenario("deploy, changed, by file", second_version, _as("deploy", "--prune"), extra=BY_FILE),
    Scenario("deploy-files", deployed_once, _as("deploy-files", "--files", "database/views")),
    Scenario("alembic", second_version, _as("alembic", "upgrade head")),
    Scenario("data", rows, _as("data"), repeats=True),
    Scenario("testdata", rows, _as("testdata"), repeats=True),
    Scenario("drop", deployed_once, _as("drop")),
    Scenario("drop-files", deployed_once, _as("drop-files", "--files", "database/views", "--object-type", "view")),
    Scenario("drop-obsolete", deployed_once, _as("drop-obsolete"), committed_alone=True),
    Scenario("downgrade", deployed_once, _as("downgrade")),
    Scenario("rollback", deployed_twice, _rollback),
    Scenario("baseline", by_hand, _as("baseline")),
    Scenario("pull", files_away, _as("pull", "--data", "shop")),
    Scenario("pull, whole", files_away, _as("pull")),
    Scenario("init", ours, _as("init")),
    Scenario("init, new", whole, _as("init"), create=False),
    Scenario("complete-build", whole, _as("complete-build"), create=False),
    Scenario("rehearse", first_version, _as("rehearse"), databases=("sqlite", "postgresql", "mssql")),
)
