"""A store of the size that projects begin with: six migrations, two views, three procedures, data and tests."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from inside import Deployed, deployed
from projects import ROOT
from sqlalchemy import event
from sqlalchemy.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

UPGRADES = {
    "0001": ['op.execute("CREATE SCHEMA store")', 'op.execute("CREATE SCHEMA report")'],
    "0002": ['op.create_table("Clients", key(), sa.Column("name", sa.Unicode(80), nullable=False), schema="store")'],
    "0003": ['op.create_table("ProductCategory", key(), sa.Column("title", sa.Unicode(40)), schema="store")'],
    "0004": [
        'op.create_table("Products", key(), to("ProductCategory"), sa.Column("price", sa.Numeric), schema="store")'
    ],
    "0005": ['op.create_table("ProductWeekly", to("Products"), sa.Column("sold", sa.Integer), schema="report")'],
    "0006": ['op.add_column("Clients", sa.Column("joined", sa.Date), schema="store")'],
}
MIGRATION = """import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}


def key():
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)


def to(table):
    return sa.Column("product", sa.Integer, sa.ForeignKey(f"store.{{table}}.id"))


def upgrade():
    {upgrade}
"""
FILES = """
-- views/report.best.sql
CREATE VIEW report.best AS SELECT TOP 1 product, sold FROM report.weekly ORDER BY sold DESC;
-- views/report.weekly.sql
CREATE VIEW report.weekly AS
SELECT w.product, w.sold, p.price FROM report.ProductWeekly AS w JOIN store.Products AS p ON p.id = w.product;
-- procedures/store.add_client.sql
CREATE PROCEDURE store.add_client @id int, @name nvarchar(80) AS
INSERT INTO store.Clients (id, name) VALUES (@id, @name);
-- procedures/store.raise_prices.sql
CREATE PROCEDURE store.raise_prices @percent int AS
UPDATE store.Products SET price = price * (100 + @percent) / 100;
-- procedures/report.clear.sql
CREATE PROCEDURE report.clear AS DELETE FROM report.ProductWeekly;
-- data/store.ProductCategory.sql
INSERT INTO store.ProductCategory VALUES (1, N'Tee, Öl & 茶');
GO
-- data/store.Clients.sql
INSERT INTO store.Clients (id, name) VALUES (1, N'Åsa');
-- data/a_products.sql
INSERT INTO store.Products VALUES (1, 1, 10), (2, 1, 20);
-- data/testdata/weekly.sql
INSERT INTO report.ProductWeekly VALUES (1, 5), (2, 7);
-- tests/best.sql
EXEC store.raise_prices 10;
SELECT 1 AS id, 'best' AS test_name, CASE WHEN product = 2 THEN 'OK' ELSE 'FAIL' END AS result FROM report.best;
-- tests/names.sql
SELECT 2 AS id, 'names' AS test_name, CASE name WHEN N'Åsa' THEN 'OK' END AS result FROM store.Clients;
"""


@pytest.fixture
def store(mssql_target: Target, tmp_path: Path) -> Deployed:
    made = deployed(mssql_target, tmp_path / "store", create=False)
    common = ROOT / "project_template" / "common"
    shutil.copytree(common / "alembic", made.directory / "alembic")
    shutil.copy(common / "alembic.ini", made.directory)
    for old in (made.directory / "alembic" / "versions").iterdir():
        old.unlink()
    before = None
    for revision, upgrade in UPGRADES.items():
        text = MIGRATION.format(revision=revision, before=before, upgrade="\n    ".join(upgrade))
        made.write(f"alembic/versions/{revision}.py", text)
        before = revision
    for entry in FILES.strip().removeprefix("-- ").split("\n-- "):
        name, _, text = entry.partition("\n")
        made.write(f"database/{name}", f"{text}\n")
    return made


@pytest.fixture
def connections() -> Iterator[list[object]]:
    """Every connection that is made from here on."""
    made: list[object] = []

    def note(connection: object, _record: object) -> None:
        made.append(connection)

    event.listen(Pool, "connect", note)
    yield made
    event.remove(Pool, "connect", note)


def test_a_complete_build_takes_one_connection_for_init_and_one_for_the_rest(
    store: Deployed, connections: list[object]
) -> None:
    done = store.succeed("complete-build")
    assert "6 revisions" in done.out
    assert "2/2 checks passed" in done.out
    assert len(connections) == 2
    assert store.rows("SELECT title FROM store.ProductCategory") == [("Tee, Öl & 茶",)]


def test_building_it_again_takes_no_more_connections(store: Deployed, connections: list[object]) -> None:
    store.succeed("init")
    connections.clear()
    store.succeed("complete-build")
    assert len(connections) == 2


def test_modules_are_refreshed_behind_the_objects_and_before_the_stamp(store: Deployed) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *command], cwd=store.directory, check=True)
    planned = store.succeed("init", "deploy", "--dry").out
    places = [
        planned.index(word) for word in ("migration 6 revisions", "procedure ", "refresh modules", ". git version ")
    ]
    assert places == sorted(places)
    store.succeed("init", "deploy")
    assert "refresh modules" not in store.here("deploy", "--dry").out


def test_what_was_built_is_dropped_downgraded_and_told(store: Deployed) -> None:
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *command], cwd=store.directory, check=True)
    store.succeed("init", "deploy", "data", "testdata")
    store.succeed("update-git-version")
    told = store.succeed("version").out
    assert "0006" in told
    assert store.rows('SELECT COUNT(*) FROM git_version WHERE "Commit" IS NOT NULL') == [(1,)]
    store.write("database/drop_obsolete_objects.sql", "DROP PROCEDURE report.clear;\n")
    store.succeed("drop-obsolete")
    store.succeed("deploy-files", "--files", "database/procedures/report.clear.sql")
    store.succeed("drop")
    assert not store.has("report.weekly")
    assert store.has("store.Clients")
    for script in (store.directory / "alembic" / "versions").glob("*.py"):
        table = {"0002": "store.Clients", "0003": "store.ProductCategory", "0004": "store.Products"}.get(script.stem)
        table = "report.ProductWeekly" if script.stem == "0005" else table
        undo = f'op.execute("DROP TABLE {table}")' if table else "pass"
        script.write_text(script.read_text("utf-8") + f"\n\ndef downgrade():\n    {undo}\n", encoding="utf-8")
    store.succeed("downgrade")
    assert not store.has("store.Clients")
    assert "none" in store.succeed("version").out
