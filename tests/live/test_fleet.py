"""Commands over many databases, in the processes of this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inside import deployed
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inside import Deployed
    from projects import Outcome
    from targets import Target

TWO = "SELECT 'two' AS issue, CASE WHEN count(*) = 2 THEN 'ok' ELSE 'bad' END AS result FROM {0};\n"
TASKS = """
from ahjo_tasks import AhjoError, action, namespace

asked = []


@action(reads=True)
def healthy(ctx):
    asked.append(1)
    print("asked", len(asked))
    if len(asked) > 1:
        raise AhjoError("The shop answers slowly.")


ns = namespace(healthy)
"""
ITEM = 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))'


class Fleet:
    """A project with a revision, a view on its table, and targets of its own."""

    def __init__(self, live: Deployed, names: Sequence[str]) -> None:
        self.live = live
        revision(live, "a1", None, ITEM)
        self.dbo = "dbo." if live.target.name == "mssql" else ""
        live.view("items", f"SELECT id FROM {self.dbo}item")
        self.databases = {name: live.target.new_database_name() for name in names}
        self.write({name: {"target_database_name": database} for name, database in self.databases.items()})

    def write(self, targets: dict[str, Any]) -> None:
        self.live.write("targets.json", json.dumps({"targets": targets}))

    def run(self, command: str, *flags: str, code: int = 0, jobs: str = "2", **environ: str) -> Outcome:
        done = self.live.here(f"fleet.{command}", "--targets", "targets.json", "--jobs", jobs, *flags, **environ)
        assert done.code == code, done.text
        assert "Traceback" not in done.text
        return done

    def report(self, command: str, *flags: str, code: int = 0, jobs: str = "2") -> dict[str, Any]:
        """What `--format json` shows, by name."""
        found = json.loads(self.run(command, *flags, "--format", "json", code=code, jobs=jobs).out)
        return {target["name"]: target for target in found["targets"]}

    def statuses(self, command: str, *flags: str, code: int = 0, jobs: str = "2") -> dict[str, str]:
        return {name: target["status"] for name, target in self.report(command, *flags, code=code, jobs=jobs).items()}

    def rows(self, name: str, sql: str) -> list[tuple[Any, ...]]:
        return self.live.target.query(sql, self.databases[name])

    def log(self, name: str) -> str:
        return (self.live.directory / "fleet-logs" / f"{name}.log").read_text("utf-8")


@pytest.fixture
def fleet(live: Deployed) -> Fleet:
    return Fleet(live, ["acme", "beta", "gamma"])


@pytest.fixture
def files(sqlite_target: Target, tmp_path: Path) -> Fleet:
    """A fleet of files, where the database makes no difference."""
    return Fleet(deployed(sqlite_target, tmp_path / "project"), ["acme", "beta", "gamma"])


def test_every_command_works_on_every_target(fleet: Fleet) -> None:
    assert set(fleet.statuses("status").values()) == {"empty"}
    assert set(fleet.statuses("deploy", "--create", "--per-server", "1").values()) == {"changed"}
    for name in fleet.databases:
        assert fleet.rows(name, f"SELECT count(*) FROM {fleet.dbo}items") == [(0,)]
        assert "view database/views/items.sql: ok" in fleet.log(name)
    assert set(fleet.statuses("status").values()) == {"up to date"}
    assert set(fleet.statuses("deploy").values()) == {"unchanged"}
    fleet.live.write("database/data/item.sql", f"INSERT INTO {fleet.dbo}item (id) VALUES (1), (2);\n")
    fleet.live.write("database/tests/two.sql", TWO.format(f"{fleet.dbo}items"))
    assert set(fleet.statuses("data").values()) == {"changed"}
    assert {target["text"] for target in fleet.report("test").values()} == {"1/1 passed"}
    fleet.live.target.query(f"DROP VIEW {fleet.dbo}items", fleet.databases["beta"])
    assert fleet.statuses("drift", code=5) == {"acme": "unchanged", "beta": "drifted", "gamma": "unchanged"}
    fleet.live.view("more", f"SELECT id FROM {fleet.dbo}item")
    assert set(fleet.statuses("plan", "--check", code=5).values()) == {"behind"}
    runs = fleet.report("history")
    assert {target["text"].split(" by ")[0] for target in runs.values()} == {"data"}


def test_a_new_file_takes_three_commits(files: Fleet) -> None:
    files.run("deploy", "--create")
    for file in files.databases.values():
        header = Path(file).read_bytes()[:100]
        commits = int.from_bytes(header[24:28])  # the file change counter of SQLite's file format
        assert commits == 3, "one with our mark, one with the begin of the run, and one with all that it does"


def test_a_failed_canary_ends_the_rollout_and_resume_goes_on(files: Fleet) -> None:
    files.run("deploy", "--create")
    files.live.target.query("CREATE TABLE more (id INTEGER)", files.databases["acme"])  # in the way of the view
    files.live.view("more", "SELECT id FROM item")
    assert set(files.statuses("status").values()) == {"behind"}
    found = files.statuses("deploy", "--canary", "acme", "--max-failures", "9", code=1)
    assert found == {"acme": "failed", "beta": "not started", "gamma": "not started"}
    told = files.run("deploy", "--canary", "acme", "--max-failures", "9", code=1).text
    assert "acme ...." in told
    assert "database is as before.\n      log: fleet-logs/acme.log" in told
    assert "1 of 3 targets failed: acme. A canary failed, so no other target was started: beta, gamma." in told
    files.live.target.query("DROP TABLE more", files.databases["acme"])
    assert files.statuses("deploy", "--failed-only") == {"acme": "changed"}
    assert files.statuses("deploy", "--resume") == {"beta": "changed", "gamma": "changed"}
    assert files.run("deploy", "--resume", "--dry").code == 0
    index = json.loads((files.live.directory / "fleet-logs/index.json").read_text("utf-8"))
    assert index["targets"] == []


def test_failures_are_counted_and_end_the_handing_out(files: Fleet) -> None:
    files.run("deploy", "--create", "--where", "name=gamma")
    assert files.statuses("deploy", code=1, jobs="1") == {
        "acme": "failed",
        "beta": "not started",
        "gamma": "not started",
    }
    done = files.run("deploy", "--max-failures", "100%", code=1)
    assert "2 of 3 targets failed: acme, beta." in done.err
    assert "OK=1 FAIL=2 SKIP=0" in done.text


def test_an_action_of_the_project_is_asked_between_waves(files: Fleet) -> None:
    files.write({name: {"target_database_name": database, "group": name} for name, database in files.databases.items()})
    done = files.run("deploy", "--create", "--after-wave", "nothing", code=2)
    assert "--after-wave needs the action 'nothing'" in done.err
    files.live.write("tasks.py", TASKS)
    done = files.live.inv("fleet.deploy", "--targets", "targets.json", "--create", "--after-wave", "healthy")
    assert (done.code, "asked 2" in done.out) == (1, True), done.text
    assert files.statuses("status") == {"acme": "up to date", "beta": "up to date", "gamma": "empty"}


def test_what_is_wrong_in_a_target_is_said_before_anything_runs(files: Fleet) -> None:
    files.write({"acme": {"target_database_name": files.databases["acme"]}, "beta": {"targt": 1}})
    done = files.run("deploy", "--create", code=2)
    assert "targets.json:1: beta.targt: not a key of a config" in done.err
    assert "OK=0" in done.out + done.err
    assert not (files.live.directory / "fleet-logs").exists()


def test_a_protected_database_wants_its_name(files: Fleet) -> None:
    files.write(
        {
            name: {"target_database_name": database, "target_database_protected": name == "beta"}
            for name, database in files.databases.items()
        }
    )
    done = files.run("deploy", "--create", code=3)
    assert "1 protected database: beta" in done.err
    found = files.statuses(
        "deploy", "--create", "--confirm-database", files.databases["gamma"], "--max-failures", "9", code=1
    )
    assert found == {"acme": "changed", "beta": "failed", "gamma": "changed"}
    assert files.statuses("deploy", "--create", "--confirm-database", f"{files.databases['beta'][:-3]}*") == {
        "acme": "unchanged",
        "beta": "changed",
        "gamma": "unchanged",
    }


def test_a_dry_run_changes_nothing(files: Fleet) -> None:
    files.run("deploy", "--create")
    files.live.view("more", f"SELECT id FROM {files.dbo}items")
    assert set(files.statuses("deploy", "--dry").values()) == {"behind"}
    assert "canary" in files.run("data", "--dry", "--canary", "1").out
    assert set(files.statuses("status").values()) == {"behind"}


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_no_secret_of_a_target_is_shown(fleet: Fleet) -> None:
    password = fleet.live.backend.get("password", "")
    fleet.write(
        {
            name: {"target_database_name": database, "password": "${TENANT_PASSWORD}"}
            for name, database in fleet.databases.items()
        }
    )
    fleet.live.reconfigure(password="wrong-password-1")
    done = fleet.run("deploy", "--create", TENANT_PASSWORD=password)
    logs = "".join(path.read_text("utf-8") for path in (fleet.live.directory / "fleet-logs").iterdir())
    assert password not in done.text + logs
    fleet.live.write("tasks.py", LOOSE)
    fleet.live.view("more", "SELECT 1 AS one")
    told = fleet.live.inv("fleet.deploy", "--targets", "targets.json", TENANT_PASSWORD=password)
    assert (told.code, "ValueError: it is ***" in told.out) == (1, True), told.text
    logs = "".join(path.read_text("utf-8") for path in (fleet.live.directory / "fleet-logs").iterdir())
    assert password not in told.text + logs
    assert "TENANT_PASSWORD" in fleet.run("status", code=1).text


LOOSE = """
from ahjo_tasks import namespace


def before_run(session, plan, results):
    raise ValueError(f"it is {session.settings.password.reveal()}")


ns = namespace(before_run=before_run)
"""
TENANTS = """
from ahjo_tasks import namespace


def tenants():
    for number in range(20):
        yield {"name": f"t{number}", "group": f"g{number % 3}", "target_database_name": f"db/t{number}.db"}


ns = namespace()
"""


@pytest.mark.parametrize("form", ["function", "catalog", "csv"])
def test_twenty_targets_come_from_a_function_a_catalog_or_a_table(files: Fleet, form: str) -> None:
    live, folder = files.live, files.live.directory
    (folder / "db").mkdir()
    rows = [(f"t{number}", f"g{number % 3}", f"db/t{number}.db") for number in range(20)]
    if form == "function":
        live.write("tasks.py", TENANTS)
        given = "tasks:tenants"
    elif form == "csv":
        live.write("targets.csv", "name,group,target_database_name\n" + "".join(f"{','.join(row)}\n" for row in rows))
        given = "targets.csv"
    else:
        live.configure({"sql_dialect": "sqlite", "target_database_name": "catalog.db", "allowed_actions": []}, "c.json")
        live.target.query("CREATE TABLE tenant (id TEXT, tier TEXT, file TEXT)", str(folder / "catalog.db"))
        for row in rows:
            live.target.query(f"INSERT INTO tenant VALUES {row}", str(folder / "catalog.db"))
        query = 'SELECT id AS name, tier AS \\"group\\", file AS target_database_name FROM tenant'
        live.write("targets.yaml", f'catalog: c.json\nquery: "{query}"\n')
        given = "targets.yaml"
    done = live.inv("fleet.deploy", "--targets", given, "--create", "--jobs", "2", "--waves", "10%", "--part", "1/1")
    assert done.code == 0, done.text
    assert "20 changed" in done.out
    assert "g1, up to 10 %" in done.out
    for _name, _group, file in rows:
        assert live.target.query("SELECT count(*) FROM items", str(folder / file)) == [(0,)]
    asked = live.inv("fleet.status", "--targets", given, "--where", "group=g0", "--format", "markdown")
    assert asked.out.startswith("### fleet.status: 7 up to date\n\n| Target | Result | Seconds | What |\n"), asked.text


def test_a_function_that_is_not_there_is_said(files: Fleet) -> None:
    files.live.write("tasks.py", TENANTS)
    done = files.live.inv("fleet.status", "--targets", "tasks:tenant")
    assert (done.code, "tasks:tenant: module 'tasks' has no attribute 'tenant'" in done.err) == (1, True), done.text


def test_a_target_that_fails_says_what_to_do(files: Fleet) -> None:
    found = files.report("deploy", "--max-failures", "100%", code=1)
    assert {target["text"].partition(". ")[2] for target in found.values()} == {"inv fleet.deploy --create creates it."}
