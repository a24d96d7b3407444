"""The calls for programs: nothing is printed, events tell what happens, and results can be sent to other processes."""

from __future__ import annotations

import json
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest
from revisions import revision

from ahjo_tasks import api, errors
from ahjo_tasks.events import FileTested, StepEvent

if TYPE_CHECKING:
    from pathlib import Path

    from inside import Deployed

    from ahjo_tasks.events import Event

ITEM = 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))'


@pytest.fixture
def shop(live: Deployed) -> Deployed:
    """A project with a revision, and a chain of two views on its table."""
    revision(live, "a1", None, ITEM)
    dbo = "dbo." if live.target.name == "mssql" else ""
    live.view("b_first", f"SELECT id FROM {dbo}item")
    live.view("a_second", f"SELECT id FROM {dbo}b_first")
    return live


def other_database(live: Deployed) -> dict[str, Any]:
    """Keys of a second database, which there is."""
    keys = {"target_database_name": live.target.new_database_name()}
    assert api.init(live.directory, keys).status == "succeeded"
    return keys


def changes(live: Deployed) -> list[str]:
    """What a deploy of the whole shop does: on SQL Server modules are refreshed after a migration."""
    return ["migration", "view", "view", *["refresh"] * (live.target.name == "mssql")]


def kinds(steps: tuple[StepEvent, ...]) -> list[tuple[str, str]]:
    return [(step.kind, step.status) for step in steps]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="There is no folder"):
        api.plan(tmp_path / "nowhere")


def test_a_plan_is_deployed_and_then_there_is_nothing_to_do(shop: Deployed, capfd: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = []
    refresh = ", 1 refresh" * ("refresh" in changes(shop))
    assert api.plan(shop.directory).summary == f"1 migration, 2 views{refresh}"
    done = api.deploy(shop.directory, on_event=events.append)
    assert kinds(done.steps) == [(kind, "ok") for kind in changes(shop)]
    assert [step.label for step in done.steps][1:3] == ["database/views/b_first.sql", "database/views/a_second.sql"]
    assert (done.status, done.changed, done.target) == ("succeeded", True, events[0].as_dict()["target"])
    assert [event.name for event in events if event.name not in {"step", "note", "connected"}] == [
        "run started",
        "planned",
    ]
    assert [run.run_id for run in api.history(shop.directory)] == [done.run_id]
    assert [step.label for step in api.steps(shop.directory, run=done.run_id) if step.kind == "view"] == [
        "database/views/b_first.sql",
        "database/views/a_second.sql",
    ]
    again = api.deploy(shop.directory)
    assert (again.status, again.steps, again.run_id) == ("succeeded", (), "")
    assert api.plan(shop.directory).summary == "nothing to do"
    assert capfd.readouterr() == ("", "")
    assert not (shop.directory / "ahjo.log").exists()
    assert api.plan(shop.directory).as_dict()["format_version"] == 1
    assert api.drift(shop.directory).as_dict()["destroys"] == []
    json.dumps([done.as_dict(), *(event.as_dict() for event in events), api.status(shop.directory).as_dict()])


def test_two_threads_deploy_to_two_databases_at_once(shop: Deployed) -> None:
    targets = [{}, other_database(shop), other_database(shop)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda keys: api.deploy(shop.directory, keys), targets))
    assert [kinds(result.steps) for result in results] == [[(kind, "ok") for kind in changes(shop)]] * 3
    assert len({result.target for result in results}) == 3
    for keys in targets:
        database = str(keys.get("target_database_name", shop.database))
        dbo = "dbo." if shop.target.name == "mssql" else ""
        assert shop.target.query(f"SELECT count(*) FROM {dbo}a_second", database) == [(0,)]


def test_a_process_of_its_own_deploys_and_sends_result_or_error_back(shop: Deployed) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        done = pool.submit(api.deploy, shop.directory).result()
        assert kinds(done.steps) == [(kind, "ok") for kind in changes(shop)]
        shop.write("database/views/bad.sql", "CREATE VIEW bad AS\nSELEC 1;\n")
        failed = pool.submit(api.deploy, shop.directory)
        with pytest.raises(errors.DeployError) as caught:
            failed.result()
    assert (caught.value.path, caught.value.exit_code) == (shop.directory / "database/views/bad.sql", 1)
    if shop.target.name != "sqlite":
        assert caught.value.line in {1, 2}
    assert json.loads(json.dumps(caught.value.as_dict()))["type"] == "DeployError"


def test_a_run_is_interrupted_between_two_steps(shop: Deployed) -> None:
    for view in ("c", "d"):  # neither needs the other
        shop.view(view, "SELECT 1 AS one")
    api.deploy(shop.directory)
    for view in ("c", "d"):
        shop.view(view, "SELECT 2 AS one")
    stop = threading.Event()

    def observe(event: Event) -> None:
        if isinstance(event, StepEvent) and event.status == "ok":
            stop.set()

    done = api.deploy(shop.directory, on_event=observe, interrupt=stop)
    batched = shop.target.name == "postgresql"  # both files are one call
    rolled_back = shop.target.name != "mysql"
    assert done.status == ("succeeded" if batched else "interrupted")
    if not batched:
        assert kinds(done.steps) == [("view", "rolled back" if rolled_back else "ok")]
        assert "rolled back" in done.message
    assert [change.file for change in api.drift(shop.directory).changes] == []
    changed = [change.file for change in api.plan(shop.directory).changes if change.status == "changed"]
    assert len(changed) == (0 if batched else 2 if rolled_back else 1)
    assert api.deploy(shop.directory).status == "succeeded"
    assert api.plan(shop.directory).summary == "nothing to do"


def test_a_run_that_waits_for_the_lock_is_interrupted(shop: Deployed) -> None:
    stop = threading.Event()
    warnings = []

    def observe(event: Event) -> None:
        if event.name == "warning":
            warnings.append(event)
            stop.set()

    with shop.locked():
        done = api.deploy(shop.directory, on_event=observe, interrupt=stop)
    assert (done.status, done.steps, len(warnings)) == ("interrupted", (), 1)


def test_data_tests_and_a_whole_build(shop: Deployed) -> None:
    dbo = "dbo." if shop.target.name == "mssql" else ""
    shop.write("database/data/item.sql", f"INSERT INTO {dbo}item (id) VALUES (1), (2);\n")
    shop.write("database/tests/items.sql", f"SELECT 'two' AS issue, 'ok' AS result FROM {dbo}item;\n")
    shop.write("database/tests/wrong.sql", "SELECT 'one' AS issue, 'bad' AS result;\n")
    events: list[Event] = []
    built = api.complete_build(shop.directory, on_event=events.append)
    assert (built.status, built.action) == ("succeeded", "complete-build")
    assert [step.kind for step in built.steps if step.kind != "git version"] == [*changes(shop), "data"]
    assert [(test.label, test.passed, test.failed) for test in built.tests] == [
        ("database/tests/items.sql", 2, 0),
        ("database/tests/wrong.sql", 0, 1),
    ]
    assert built.tests[1].failures == ({"issue": "one", "result": "bad"},)
    assert [event for event in events if isinstance(event, FileTested)] == list(built.tests)
    assert len(api.test(shop.directory, match="items").tests) == 1
    assert pickle.loads(pickle.dumps(built)) == built


def test_a_baseline_and_the_way_back(shop: Deployed) -> None:
    seen: list[str] = []
    hooks = {"after_step": lambda _session, _plan, results, event: seen.append(f"{event.status} {len(results)}")}
    first = api.deploy(shop.directory)
    shop.view("b_first", "SELECT 5 AS id")
    second = api.deploy(shop.directory)
    api.rollback(shop.directory, run=second.run_id)
    assert [change.status for change in api.plan(shop.directory).changes if "b_first" in change.file] == ["changed"]
    api.deploy(shop.directory)
    recorded = api.baseline(shop.directory, hooks=hooks)
    assert seen == ["recorded 1", "recorded 2"]
    assert kinds(recorded.steps) == [("view", "recorded")] * 2
    assert first.run_id < recorded.run_id


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
def test_a_rehearsal_calls_hooks_and_leaves_nothing(shop: Deployed) -> None:
    seen: list[tuple[str, str]] = []
    hooks = {
        "before_step": {"view": lambda _session, _plan, _results, event: seen.append(("before", event.label))},
        "after_run": lambda session, plan, results: seen.append((session.actions, f"{len(plan.steps)} {len(results)}")),
    }
    shop.write(
        "database/tests/views.sql", "SELECT 'all' AS issue, 'ok' AS result FROM (SELECT count(*) FROM a_second) x;"
    )
    done = api.rehearse(shop.directory, hooks=hooks)
    assert seen == [
        ("before", "database/views/b_first.sql"),
        ("before", "database/views/a_second.sql"),
        ("rehearse", "3 3"),
    ]
    assert [(test.passed, test.failed) for test in done.tests] == [(1, 0)]
    assert api.plan(shop.directory).summary == "1 migration, 2 views"


def test_a_failure_in_an_observer_takes_the_run_back(sqlite: Deployed) -> None:
    sqlite.view("a", "SELECT 1 AS one")
    sqlite.view("b", "SELECT 2 AS two")

    def observe(event: Event) -> None:
        if isinstance(event, StepEvent) and event.status == "ok":
            raise LookupError(event.label)

    failed: list[BaseException] = []
    hooks = {"on_failure": lambda _session, _plan, _results, error: failed.append(error)}
    with pytest.raises(LookupError):
        api.deploy(sqlite.directory, on_event=observe, hooks=hooks)
    assert [type(error) for error in failed] == [LookupError]
    assert not sqlite.has("a")
    assert api.deploy(sqlite.directory).changed


def test_what_the_config_forbids_skips_or_protects(sqlite: Deployed) -> None:
    sqlite.view("a", "SELECT 1 AS one")
    with pytest.raises(errors.NotPermittedError, match="'deploy' is not allowed") as caught:
        api.deploy(sqlite.directory, {"allowed_actions": ["data"]})
    assert caught.value.exit_code == 3
    skipped = api.deploy(sqlite.directory, {"skipped_actions": ["deploy"]})
    assert (skipped.status, skipped.steps) == ("skipped", ())
    protected = {"target_database_protected": True}
    with pytest.raises(errors.NotPermittedError, match="not confirmed"):
        api.deploy(sqlite.directory, protected)
    with pytest.raises(errors.NotPermittedError, match="not the name"):
        api.deploy(sqlite.directory, protected, confirm_database="other")
    assert api.deploy(sqlite.directory, protected, confirm_database=sqlite.database).changed


def test_keys_of_the_caller_come_before_the_environment_and_are_checked(
    sqlite: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AHJO_TARGET_DATABASE_NAME", "wrong.db")
    report = api.plan(sqlite.directory, {"target_database_name": "right.db"})
    assert report.target == "sqlite right.db"
    with pytest.raises(errors.ConfigError) as caught:
        api.plan(sqlite.directory, {"lock_timeout": "soon"})
    assert (caught.value.exit_code, caught.value.problems[0].split(":")[0]) == (2, "the caller")


def test_secrets_are_in_no_event_result_or_error(sqlite: Deployed) -> None:
    keys = {"scripting_variables": {"api_password": "hunter2-hunter2"}}
    sqlite.view("a", "SELECT '$(api_password)' AS secret")
    events: list[Event] = []
    done = api.deploy(sqlite.directory, keys, on_event=events.append)
    assert done.changed
    sqlite.view("b", "SELECT 'hunter2-hunter2' hunter2-hunter2")
    with pytest.raises(errors.DeployError) as caught:
        api.deploy(sqlite.directory, keys, on_event=events.append)
    texts = [str(event.as_dict()) for event in events]
    assert "hunter2" not in "".join([*texts, str(done.as_dict()), str(caught.value), str(caught.value.as_dict())])


def test_a_shared_project_is_read_once_and_deploys_what_it_read(shop: Deployed) -> None:
    shared, other = api.Project(shop.directory), other_database(shop)
    first = api.deploy(shared)
    path = shop.directory / "database/views/a_second.sql"
    path.write_text(path.read_text("utf-8").replace("SELECT id", "SELECT id + 7 AS id"), "utf-8")
    second = api.deploy(shared, other)
    assert kinds(second.steps) == kinds(first.steps)
    assert api.deploy(shared).steps == ()
    assert [change.status for change in api.plan(shop.directory, other).changes if "a_second" in change.file] == [
        "changed"
    ]
    assert [step.label for step in api.deploy(shop.directory, other).steps] == ["database/views/a_second.sql"]
    assert api.plan(shop.directory, other).summary == "nothing to do"


def test_a_target_whose_name_a_file_writes_is_read_by_itself(sqlite: Deployed) -> None:
    sqlite.view("z", "SELECT 1 AS one")
    sqlite.view("a", "SELECT one FROM z")
    shared = api.Project(sqlite.directory)
    names = [sqlite.target.new_database_name() for _ in range(2)]
    for name in names:
        api.init(shared, {"target_database_name": name})
        sqlite.write("database/views/y.sql", f"DROP VIEW IF EXISTS y; CREATE VIEW y AS SELECT '{name}' AS one;\n")
    results = [api.deploy(shared, {"target_database_name": name}) for name in names]
    assert [len(result.steps) for result in results] == [3, 3]
