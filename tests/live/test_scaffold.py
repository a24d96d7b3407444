from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from projects import Outcome, RunningProject

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

SECRET = "password"
OWN = ("product", "purchase")


@dataclass
class Shop:
    """A project as `init-project` leaves it, but for its connection, and the database it is deployed to."""

    project: RunningProject
    target: Target
    database: str
    environ: dict[str, str]

    def inv(self, *arguments: str) -> Outcome:
        return self.project.inv(*arguments, **self.environ)

    def alembic(self, *arguments: str) -> Outcome:
        command = (sys.executable, "-m", "alembic", "-x", "main_config=dev.json", *arguments)
        return self.project.run(*command, **self.environ)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.target.query(sql, self.database)


@pytest.fixture
def shop(target: Target, tmp_path: Path) -> Shop:
    made = RunningProject(tmp_path).ahjo(
        "init-project", "--name", "shop", "--dialect", target.name, "--format", "json", "-ni"
    )
    assert made.code == 0, made.text
    project = RunningProject(tmp_path / "shop")
    config = json.loads((project.directory / "dev.json").read_text(encoding="utf-8"))
    connection = target.backend()
    environ = {"AHJO_PASSWORD": connection.pop(SECRET)} if SECRET in connection else {}
    config["BACKEND"] |= connection
    project.write("dev.json", json.dumps(config))
    return Shop(project, target, connection["target_database_name"], environ)


def test_a_fresh_project_builds_tests_and_builds_again(shop: Shop) -> None:
    for _ in range(2):
        built = shop.inv("complete-build")
        assert built.code == 0, built.text
        assert "dev.json:" not in built.text
        assert "2/2 checks passed" in built.out
        assert built.out.index("product_sales.sql") < built.out.index("best_seller.sql")
    assert shop.rows("SELECT name, sold FROM best_seller") == [("Teapot", 5)]


def test_a_fresh_project_is_released_again_over_what_is_there(shop: Shop) -> None:
    assert shop.inv("complete-build").code == 0
    shop.rows("UPDATE product SET price = 1")
    released = shop.inv("deploy", "data", "test", "best-seller")
    assert released.code == 0, released.text
    assert "Teapot" in released.out
    assert shop.rows("SELECT COUNT(*) FROM product WHERE price = 1") == [(0,)]
    assert shop.rows("SELECT COUNT(*) FROM purchase") == [(4,)]


def test_the_sample_routines_work(shop: Shop) -> None:
    assert shop.inv("complete-build").code == 0
    call = {"mssql": "EXEC raise_prices 10", "sqlite": None}.get(shop.target.name, "CALL raise_prices(10)")
    if call is None:
        assert not (shop.project.directory / "database" / "procedures").exists()
        return
    shop.rows(call)
    assert [float(str(price)) for (price,) in shop.rows("SELECT price FROM product ORDER BY id")] == [43.89, 26.95, 8.8]


def test_alembic_goes_up_and_down_by_its_own_command_line(shop: Shop) -> None:
    assert shop.inv("init").code == 0
    for command, expected in (("upgrade", [(0,)]), ("downgrade", None), ("upgrade", [(0,)])):
        moved = shop.alembic(command, "+1" if command == "upgrade" else "-1")
        assert moved.code == 0, moved.text
        if expected:
            assert shop.rows("SELECT COUNT(*) FROM purchase") == expected
        else:
            with pytest.raises(Exception, match=r"(?i)purchase"):
                shop.rows("SELECT COUNT(*) FROM purchase")
    planned = shop.inv("deploy", "--dry")
    assert "migration" not in planned.out.partition("Plan:")[2].splitlines()[0]


def test_alembic_writes_the_sql_of_a_migration_without_a_connection(shop: Shop) -> None:
    written = shop.alembic("upgrade", "+1", "--sql")
    assert written.code == 0, written.text
    assert "CREATE TABLE purchase" in written.out
    assert "INSERT INTO" in written.out.partition("CREATE TABLE purchase")[2]


def test_autogenerate_leaves_alone_what_it_knows_nothing_of(shop: Shop) -> None:
    assert shop.inv("complete-build").code == 0
    shop.rows("CREATE TABLE someone_elses (id int)")
    assert generated(shop) == ""


def test_autogenerate_compares_the_tables_of_the_project_alone(shop: Shop) -> None:
    assert shop.inv("complete-build").code == 0
    shop.rows("CREATE TABLE someone_elses (id int)")
    models = (
        "import sqlalchemy as sa\n\nmetadata = sa.MetaData()\n"
        'supplier = sa.Table("supplier", metadata, sa.Column("id", sa.Integer, primary_key=True))\n'
    )
    shop.project.write("shop_models.py", models)
    env = shop.project.directory / "alembic" / "env.py"
    text = env.read_text(encoding="utf-8").replace(
        "target_metadata = None", "from shop_models import metadata\n\ntarget_metadata = metadata"
    )
    env.write_text(text, encoding="utf-8")
    proposed = generated(shop)
    assert "supplier" in proposed
    assert "someone_elses" not in proposed
    assert "alembic_version" not in proposed
    assert [table for table in OWN if f"drop_table('{table}')" in proposed] == list(OWN)


def generated(shop: Shop) -> str:
    """What a generated revision does on the way up; nothing for `pass`."""
    written = shop.alembic("revision", "--autogenerate", "-m", "found")
    assert written.code == 0, written.text
    (path,) = (shop.project.directory / "alembic" / "versions").glob("*_found.py")
    body = path.read_text(encoding="utf-8").partition("def upgrade():")[2].partition("def downgrade():")[0]
    lines = (line.strip() for line in body.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#") and line != "pass")
