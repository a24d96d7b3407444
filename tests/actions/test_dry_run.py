from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import RunningProject, make_project

from ahjo_tasks import namespace
from ahjo_tasks.runtime.action import Action

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = ("--config", "dev.json")
REVISION = """
revision = "1f"
down_revision = None

from alembic import op

def upgrade():
    op.execute("CREATE TABLE shop (id INTEGER PRIMARY KEY)")

def downgrade():
    op.execute("DROP TABLE shop")
"""
FILES = {
    "alembic.ini": "[alembic]\nscript_location = alembic\n",
    "alembic/env.py": "from ahjo_tasks.alembic_env import run\n\nrun()\n",
    "alembic/versions/1f_shop.py": REVISION,
    "database/views/v.sql": "CREATE VIEW v AS SELECT id FROM shop;",
    "database/tables/more.sql": "CREATE TABLE more (id INTEGER);",
    "database/data/shop.sql": "INSERT INTO shop VALUES (1);",
    "database/data/testdata/shop.sql": "INSERT INTO shop VALUES (2);",
    "database/drop_obsolete_objects.sql": "DROP TABLE IF EXISTS old;",
    "database/tests/t.sql": "CREATE TABLE touched (a INTEGER);",
    "git_version.json": '{"repository": "r", "branch": "main", "commit": "abc"}',
}
NEEDS_FILES = {"deploy-files": ("--files", "database/views"), "drop-files": ("--files", "database/views")}
PLANNED = (
    "init",
    "structure",
    "deploy",
    "deploy-files",
    "data",
    "testdata",
    "drop",
    "drop-files",
    "drop-obsolete",
    "downgrade",
    "update-git-version",
    "complete-build",
    "test",
)


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path, sqlite())
    for path, text in FILES.items():
        made.write(path, text)
    return made


def flags(name: str) -> tuple[str, ...]:
    return NEEDS_FILES.get(name, ()) + (("--object-type", "view") if name == "drop-files" else ())


def state(project: RunningProject) -> dict[str, str]:
    """Every file but the log, by its content."""
    files = (path for path in project.directory.rglob("*") if path.is_file())
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != "ahjo.log" and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("name", PLANNED)
def test_a_dry_run_prints_the_plan_and_makes_no_database(project: RunningProject, name: str) -> None:
    before = state(project)
    done = inv(project, name, *flags(name), "--dry", *CONFIG, yes=False)
    assert done.code == 0, done.text
    assert "Plan: " in done.out
    assert state(project) == before


@pytest.mark.parametrize("name", PLANNED)
def test_a_dry_run_leaves_a_database_as_it_is(project: RunningProject, name: str) -> None:
    built = inv(project, "init", "structure", "deploy", "data", *CONFIG)
    assert built.code == 0, built.text
    before = state(project)
    done = inv(project, "--dry", name, *flags(name), *CONFIG, yes=False)
    assert done.code == 0, done.text
    assert state(project) == before


@pytest.mark.parametrize(
    "chain", [("--dry", "init", "deploy"), ("init", "--dry", "deploy"), ("init", "deploy", "--dry"), ("-R", "init")]
)
def test_the_flag_counts_for_the_chain_wherever_it_stands(project: RunningProject, chain: tuple[str, ...]) -> None:
    before = state(project)
    assert inv(project, *chain, *CONFIG, yes=False).code == 0
    assert state(project) == before


def test_a_dry_build_plans_for_the_new_database_not_for_the_old_one(project: RunningProject) -> None:
    assert inv(project, "init", "deploy", *CONFIG).code == 0
    assert "1f" not in inv(project, "deploy", "--dry", *CONFIG).out
    for chain in (("complete-build", "--dry"), ("--dry", "init", "deploy")):
        out = inv(project, *chain, *CONFIG).out
        assert "Plan: drop and create" in out
        assert "1. migration 1f" in out
        assert "2. view database/views/v.sql" in out


def test_the_plan_names_the_files_of_every_step(project: RunningProject) -> None:
    out = inv(project, "complete-build", "--dry", *CONFIG).out
    for line in ("migration 1f", "view database/views/v.sql", "data database/data/shop.sql", "git version main abc"):
        assert line in out
    assert out.count("init leaves an empty database: the plan is the one for it.") == 1


CHANGING = sorted(
    task.name for task in namespace().tasks.values() if isinstance(task, Action) and task.affects_database
)


@pytest.mark.parametrize("name", sorted({*CHANGING} - {*PLANNED}))
def test_no_other_action_changes_a_database_in_a_dry_run(project: RunningProject, name: str) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    before = state(project)
    inv(project, name, "--dry", *CONFIG, yes=False)
    assert state(project) == before


def test_a_command_of_the_project_is_shown_and_not_run(project: RunningProject) -> None:
    project.write(
        "tasks.py",
        "from ahjo_tasks import action, namespace\n\n@action(affects_database=True)\n"
        'def report(ctx):\n    """Report."""\n    ctx.run("touch made")\n\nns = namespace(report)\n',
    )
    done = project.inv("report", "--dry")
    assert (done.code, "touch made" in done.out) == (0, True)
    assert not (project.directory / "made").exists()


def test_the_plan_of_a_downgrade_shows_that_direction_and_all_that_it_destroys(project: RunningProject) -> None:
    project.write(
        "alembic/versions/1f_shop.py", REVISION + '    print("' + 'line")\n    print("'.join("a" * 20) + '")\n'
    )
    assert inv(project, "init", "deploy", *CONFIG).code == 0
    out = inv(project, "downgrade", "--dry", *CONFIG).out
    assert "CREATE TABLE shop" not in out
    assert 'op.execute("DROP TABLE shop")' in out
    assert "destroys: DROP TABLE shop" in out
    assert "more lines" not in out


def test_without_a_database_data_come_in_the_order_of_the_foreign_keys_in_files(tmp_path: Path) -> None:
    files = {
        "database/tables/book.sql": "CREATE TABLE book (id INTEGER, shelf INTEGER REFERENCES shelf (id));",
        "database/tables/shelf.sql": "CREATE TABLE shelf (id INTEGER PRIMARY KEY);",
        "database/data/a_book.sql": "INSERT INTO book VALUES (1, 7);",
        "database/data/aa_move.sql": "UPDATE book SET shelf = 7;",
        "database/data/b_shelf.sql": "INSERT INTO shelf VALUES (7);",
    }
    project = make_project(tmp_path, sqlite())
    for path, text in files.items():
        project.write(path, text)
    out = inv(project, "data", "--dry", "--skip-git-update", *CONFIG).out
    assert "1. data database/data/b_shelf.sql" in out
    assert "2. data database/data/a_book.sql" in out
    assert "3. data database/data/aa_move.sql" in out
