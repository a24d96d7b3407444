"""A database tells whose it is: copies, other servers, several projects and other repositories are told apart."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from inside import Deployed
from projects import make_project
from revisions import revision

from ahjo_tasks.history.store import FINGERPRINT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def views(live: Deployed) -> Deployed:
    """Two views, one of which reads the other, deployed."""
    live.by_hand("CREATE TABLE item (id INTEGER)")
    live.view("a", f"SELECT id FROM {'dbo.' if live.target.name == 'mssql' else ''}item")
    live.view("b", f"SELECT id FROM {'dbo.' if live.target.name == 'mssql' else ''}a")
    live.succeed("deploy")
    assert "nothing to do" in live.succeed("deploy").text
    return live


def runs(live: Deployed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(live.succeed("history", "--format", "json").out)["runs"]
    return found


def steps(live: Deployed, run: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(live.succeed("history", "--run", run["run_id"], "--format", "json").out)[
        "steps"
    ]
    return found


def copy_file(live: Deployed) -> str:
    copy = live.database.replace(".db", "_copy.db") if ".db" in live.database else f"{live.database}_copy"
    shutil.copy(live.database, copy)
    return copy


def copy_by_template(live: Deployed) -> str:
    copy = f"{live.database}_copy"
    live.target.query(f"CREATE DATABASE {copy} TEMPLATE {live.database}", "postgres")
    return copy


def dump_and_restore(live: Deployed) -> str:
    """Copy tables with their rows, and views, as a dump writes them: without the name of the database."""
    copy, own = f"{live.database}_copy", f"`{live.database}`."
    live.by_hand(f"CREATE DATABASE {copy}")
    tables = live.rows(
        f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{live.database}'"
        " AND table_type = 'BASE TABLE'"
    )
    for (name,) in tables:
        live.by_hand(
            f"CREATE TABLE {copy}.{name} LIKE {live.database}.{name}",
            f"INSERT INTO {copy}.{name} SELECT * FROM {live.database}.{name}",
        )
    for name in ("a", "b"):
        text = live.rows(f"SHOW CREATE VIEW {name}")[0][1]
        live.target.query(text.replace(own, ""), copy)
    return copy


COPY: dict[str, Callable[[Deployed], str]] = {
    "sqlite": copy_file,
    "postgresql": copy_by_template,
    "mysql": dump_and_restore,
}
SERVERS_OF_COPIES = sorted(COPY)


@contextmanager
def in_a_copy(live: Deployed) -> Iterator[None]:
    """Have the project work on a copy of its database."""
    original, copy = live.database, COPY[live.target.name](live)
    try:
        live.reconfigure(target_database_name=copy)
        yield
    finally:
        live.reconfigure(target_database_name=original)
        if live.target.name != "sqlite":
            maintenance = {"postgresql": "postgres", "mysql": "information_schema"}[live.target.name]
            live.target.query(f"DROP DATABASE {copy}", maintenance)


@pytest.mark.parametrize("target", SERVERS_OF_COPIES, indirect=True)
def test_a_copy_is_compared_and_its_history_says_where_it_came_from(views: Deployed) -> None:
    original, saved = views.database, str(views.directory / "plan.json")
    views.succeed("plan", "--out", saved)
    with in_a_copy(views):
        assert "identity" in views.fail("deploy", "--plan", saved, code=5).text
        views.succeed("drift")
        planned = views.succeed("plan", "--check").text
        assert f"copy of {original}" in planned
        assert "nothing to do" in planned
        done = views.succeed("deploy").text
        assert f"copy of {original}" in done
        assert " ok " not in done
        noted = steps(views, runs(views)[0])
        assert [(step["kind"], step["status"]) for step in noted] == [("database", "copied")]
        assert original in noted[0]["reason"]
        before = len(runs(views))
        assert "copy of" not in views.succeed("deploy").text
        assert len(runs(views)) == before


@pytest.mark.parametrize("target", SERVERS_OF_COPIES, indirect=True)
def test_what_was_changed_in_a_copy_is_put_back(views: Deployed) -> None:
    with in_a_copy(views):
        views.by_hand("DROP VIEW b", "CREATE VIEW b AS SELECT 7 AS id FROM item")
        done = views.succeed("deploy")
        assert "b.sql" in done.text
        assert "a.sql" not in done.text
        assert {"copied", "found", "ok"} <= {step["status"] for step in steps(views, runs(views)[0])}


def test_another_server_is_another_database(views: Deployed) -> None:
    views.by_hand("UPDATE ahjo_state SET server = 'elsewhere'")
    done = views.succeed("deploy").text
    assert "on server elsewhere" in done
    assert " ok " not in done


def test_after_another_major_release_of_the_server_all_files_run_once(views: Deployed) -> None:
    views.by_hand(f"UPDATE ahjo_state SET fingerprint_version = '{FINGERPRINT_VERSION} Oldbase 7'")
    views.by_hand("UPDATE ahjo_objects SET definition = 'other', rights = 'other'")
    drifted = views.succeed("drift")
    assert "recorded by Oldbase 7" in drifted.text
    assert "changed by hand" not in views.succeed("plan").text
    done = views.succeed("deploy", "--on-drift", "stop").text
    assert "All files run once: recorded by Oldbase 7" in done
    assert done.count(" ok ") == 2
    assert "nothing to do" in views.succeed("deploy").text
    views.succeed("drift")


def test_a_history_without_the_release_of_the_server_says_so(views: Deployed) -> None:
    for version in (FINGERPRINT_VERSION, "NULL"):
        views.by_hand(f"UPDATE ahjo_state SET fingerprint_version = {version}")
        reason = "compares objects in another way" if version == "NULL" else "server whose release is not known"
        assert reason in views.succeed("deploy").text


def clone(live: Deployed, remote: str, *, text: str = "first") -> None:
    """Make the project a git repository of one commit with this remote."""
    shutil.rmtree(live.directory / ".git", ignore_errors=True)
    live.write("README.md", text)
    for command in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", text),
        ("remote", "add", "origin", remote),
    ):
        subprocess.run(["git", *command], cwd=live.directory, check=True)


def recorded_repository(live: Deployed) -> str:
    return str(live.rows("SELECT repository FROM ahjo_state")[0][0])


def test_another_repository_under_the_same_name_is_stopped(live: Deployed) -> None:
    live.reconfigure(project="shop")
    live.view("a", "SELECT 1 AS one")
    clone(live, "https://me:secret@Example.com:8443/team/shop.git")
    live.succeed("deploy")
    assert recorded_repository(live).startswith("example.com/team/shop ")
    clone(live, "git@example.com:other/shop.git", text="other")
    live.view("a", "SELECT 2 AS one")
    live.write("database/data/x.sql", "CREATE TABLE never (id INTEGER);\n")
    for command in ("deploy", "plan", "data"):
        stopped = live.fail(command, code=3).text
        assert "The project shop in this database is that of the repository example.com/team/shop" in stopped
        assert "example.com/other/shop" in stopped
    assert live.rows("SELECT one FROM a") == [(1,)]
    assert not live.has("never")
    assert len(runs(live)) == 1
    live.reconfigure(project="other")
    live.succeed("deploy")


def test_a_repository_that_moved_or_is_reached_otherwise_is_the_same(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    clone(live, "https://example.com/team/shop.git")
    live.succeed("deploy")
    git = ["git", "remote", "set-url", "origin"]
    for number, remote in enumerate(("ssh://git@example.com:22/team/shop", "https://elsewhere.org/team/shop.git"), 2):
        subprocess.run([*git, remote], cwd=live.directory, check=True)
        live.view("a", f"SELECT {number} AS one")
        live.succeed("deploy")
    assert recorded_repository(live).startswith("elsewhere.org/team/shop ")


def test_baseline_takes_a_project_over(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    clone(live, "https://example.com/team/shop.git")
    live.succeed("deploy")
    clone(live, "https://example.com/team/warehouse.git", text="other")
    live.view("b", "SELECT 1 AS one")
    live.fail("deploy", code=3)
    (live.directory / "database/views/b.sql").unlink()
    live.succeed("baseline")
    live.view("b", "SELECT 1 AS one")
    live.succeed("deploy")
    assert recorded_repository(live).startswith("example.com/team/warehouse ")


def test_a_database_of_another_branch_is_told_by_run_commit_and_branch(live: Deployed) -> None:
    revision(live, "a1", None)
    clone(live, "https://example.com/team/shop.git")
    live.succeed("deploy")
    subprocess.run(["git", "checkout", "-q", "-b", "feature/x"], cwd=live.directory, check=True)
    revision(live, "b2", "a1")
    revision(live, "c3", "b2")
    live.succeed("deploy")
    run = runs(live)[0]
    assert run["git_branch"] == "feature/x"
    assert run["git_commit"]
    assert "c3" in steps(live, run)[0]["reason"]
    for name in ("b2", "c3"):
        next((live.directory / "alembic/versions").glob(f"{name}*")).unlink()
    for command in ("deploy", "plan", "downgrade"):
        told = live.fail(command, code=2).text
        assert "revision c3, which no file of this checkout has" in told
        assert f"Run {run['run_id']} brought it there" in told
        assert f"from commit {run['git_commit']} of branch feature/x" in told.replace(" with uncommitted changes", "")
        assert f"{run['login'] or run['os_user']} from {run['host']}" in told


def test_a_revision_of_another_project_is_told_by_its_name(live: Deployed, tmp_path: Path) -> None:
    live.reconfigure(project="shop")
    revision(live, "a1", None)
    live.succeed("deploy")
    other = Deployed(tmp_path / "other", live.target, {**live.backend, "project": "stock"})
    make_project(other.directory, other.backend)
    revision(other, "z9", None)
    told = other.fail("deploy", code=2).text
    assert f"Run {runs(live)[0]['run_id']} brought it there" in told
    assert "It is of the project shop, in the same database" in told
    other.reconfigure(alembic_version_table="stock_version")
    other.succeed("deploy")


def test_two_projects_in_one_database_leave_each_other_alone(live: Deployed, tmp_path: Path) -> None:
    live.reconfigure(project="shop")
    other = Deployed(tmp_path / "other", live.target, {**live.backend, "project": "stock"})
    make_project(other.directory, other.backend)
    live.view("a", "SELECT 1 AS one")
    other.view("b", "SELECT 1 AS one")
    other.view("c", "SELECT 1 AS one")
    live.succeed("deploy")
    other.succeed("deploy")
    for project, names in ((live, "a"), (other, "bc")):
        assert "nothing to do" in project.succeed("deploy").text
        project.succeed("drift")
        assert "removed" not in project.succeed("status").text
        run = runs(project)
        assert len(run) == 1
        assert {step["label"] for step in steps(project, run[0])} >= {f"database/views/{name}.sql" for name in names}
    assert not [run for run in runs(live) if run["project"] != "shop"]
    live.view("c", "SELECT 3 AS one")
    taken = live.succeed("plan").text.replace("public.c", "c").replace("dbo.c", "c")
    assert "database/views/c.sql replaces view c of the project stock in the same database" in taken
    (live.directory / "database/views/c.sql").unlink()
    live.by_hand("DROP VIEW c", "CREATE VIEW c AS SELECT 7 AS one")
    live.succeed("drift")
    assert "c.sql" in other.fail("drift", code=5).text
    (other.directory / "database/views/b.sql").unlink()
    live.succeed("deploy", "--prune")
    assert live.has("b")
    other.succeed("deploy", "--prune")
    assert not live.has("b")
    assert live.has("a")


@pytest.mark.parametrize("target", ["postgresql", "mysql", "mssql"], indirect=True)
def test_a_project_does_not_wait_for_another_one_in_the_database(live: Deployed) -> None:
    live.reconfigure(project="it's {shop}", lock_timeout=0)
    live.view("a", "SELECT 1 AS one")
    with live.connection() as connection, connection.dialect.lock(connection, "ann (pid 1)", 0, "deploy it's {shop}"):
        assert json.loads(live.succeed("lock", "--format", "json").out)
        live.fail("deploy", code=4)
        live.reconfigure(project="stock")
        assert json.loads(live.succeed("lock", "--format", "json").out) == {"format_version": 1}
        live.succeed("deploy")


def test_of_two_deploys_at_once_one_waits_and_has_nothing_to_do(live: Deployed) -> None:
    live.reconfigure(lock_timeout=60)
    for number in range(30):
        live.view(f"v{number:02}", "SELECT 1 AS one")
    with live.connection() as connection:
        with connection.dialect.lock(connection, "ann on build-7 (pid 1)", 0), ExitStack() as both:
            processes = [both.enter_context(live.started("deploy")) for _ in range(2)]
            said: list[str] = []
            for process in processes:
                assert process.stdout
                said.append(next(line for line in process.stdout if "is locked by" in line))
            waiting = both.pop_all()
        with waiting:
            ended = [process.communicate(timeout=120)[0] for process in processes]
    assert all("Waiting 60 s" in line for line in said)
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted("nothing to do" in text for text in ended) == [False, True]
    assert len(runs(live)) == 1
