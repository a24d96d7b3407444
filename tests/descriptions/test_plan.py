from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import pytest
from fakes import FakeConnection
from projects import make_project

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.descriptions.files import changed_files, write_files
from ahjo_tasks.descriptions.model import Change, Changes, DbObject, Descriptions, description_store
from ahjo_tasks.descriptions.plan import (
    DescriptionStep,
    plan_descriptions,
    plan_update,
    require_description_store,
)
from ahjo_tasks.errors import ServerError, StatementError, UsageError
from ahjo_tasks.project.kinds import DESCRIPTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Step


def table(name: str) -> DbObject:
    return DbObject("table", ("sales", name), "TABLE")


def test_a_project_without_the_folder_has_nothing_to_describe(tmp_path: Path) -> None:
    plan = plan_descriptions(tmp_path, dialect("sqlite"), None)
    assert (plan.steps, plan.notes) == ((), ())
    with pytest.raises(UsageError, match="no folder docs/db_objects"):
        plan_update(tmp_path, dialect("mysql"), None, None)


def test_a_deployment_to_a_database_without_descriptions_says_so(tmp_path: Path) -> None:
    (tmp_path / DESCRIPTIONS).mkdir(parents=True)
    plan = plan_descriptions(tmp_path, dialect("sqlite"), None)
    assert plan.steps == ()
    assert plan.notes == ("SQLite keeps no descriptions of database objects: docs/db_objects is left out.",)


def test_files_that_nothing_reads_are_named(tmp_path: Path) -> None:
    (tmp_path / DESCRIPTIONS).mkdir(parents=True)
    (tmp_path / DESCRIPTIONS / "table.json").write_text('{"s.a": {"d": "1"}}', encoding="utf-8")
    plan = plan_descriptions(tmp_path, dialect("mssql"), None)
    assert plan.steps == ()
    assert plan.notes == (
        "Not read in docs/db_objects, for no descriptions are kept by that name: table.json.",
        "docs/db_objects has no file to read.",
    )


def test_no_allowed_schema_means_no_work(tmp_path: Path) -> None:
    write_files(changed_files(tmp_path / DESCRIPTIONS, Descriptions({"table": {"s.a": {"d": "1"}}})))
    plan = plan_descriptions(tmp_path, dialect("mssql"), ())
    assert plan.steps == ()
    assert "metadata_allowed_schemas is empty" in plan.notes[0]


def test_a_plan_names_its_folder_and_what_it_does_not_know_yet(tmp_path: Path) -> None:
    write_files(changed_files(tmp_path / DESCRIPTIONS, Descriptions({"table": {"s.a": {"d": "1"}}})))
    plan = plan_descriptions(tmp_path, dialect("mssql"), None)
    assert plan.summary == "1 description update"
    assert (plan.steps[0].label, plan.steps[0].note) == (DESCRIPTIONS, "the differences are found when it runs")


def test_a_plan_lists_what_it_will_change() -> None:
    changes = Changes(
        (
            Change("add", table("a"), "Owner", "me"),
            Change("drop", DbObject("database", ()), "Description"),
        )
    )
    step = DescriptionStep(Descriptions({}), require_description_store(dialect("mssql")), None, changes)
    assert step.note.splitlines() == [
        "1 added, 1 dropped",
        "add Owner of table sales.a",
        "drop Description of the database",
    ]


def test_every_database_but_sqlite_keeps_descriptions() -> None:
    assert description_store(dialect("sqlite")) is None
    assert {name for name in ("mssql", "postgresql", "mysql", "mariadb") if description_store(dialect(name))} == {
        "mssql",
        "postgresql",
        "mysql",
        "mariadb",
    }


@pytest.mark.parametrize("action", ["update-db-obj-prop", "update-file-obj-prop"])
def test_sqlite_refuses_by_name(sqlite_target: Target, tmp_path: Path, action: str) -> None:
    database = sqlite_target.create_database()
    project = make_project(tmp_path / "p", {**sqlite_target.backend(), "target_database_name": database})
    project.write(f"{DESCRIPTIONS}/tables.json", json.dumps({"a": {"Description": "x"}}))
    done = project.inv(action)
    assert done.code == 2
    assert "SQLite keeps no descriptions of database objects." in done.text


KEPT = ServerError("Property cannot be added. Property 'Owner' already exists for 'sales.a'.", "15233")
ADDED = Changes(
    (
        Change("add", table("a"), "Owner", "me"),
        Change("add", table("b"), "Owner", "me"),
        Change("drop", table("a"), "x"),
    )
)


def description_step() -> DescriptionStep:
    return DescriptionStep(Descriptions({}), require_description_store(dialect("mssql")), None, ADDED)


def fallback(error: ServerError) -> Step | None:
    return description_step().fallback(StatementError(error), cast("Connection", FakeConnection()))


def test_a_description_that_the_server_kept_is_updated() -> None:
    connection = FakeConnection(refuses={"sp_addextendedproperty.*'a'": KEPT})
    step = fallback(KEPT)
    assert step is not None
    assert not step.transactional
    step.run(cast("Connection", connection))
    procedures = [re.findall(r"sp_(\w+)extendedproperty|N'(a|b)'", text) for text in connection.ran]
    assert [[part for pair in pairs for part in pair if part] for pairs in procedures] == [
        ["drop", "a"],
        ["add", "a"],
        ["update", "a"],
        ["add", "b"],
    ]
    assert connection.messages == ["1 added, 1 changed, 1 dropped"]


def test_another_error_of_a_description_stays_one() -> None:
    assert fallback(ServerError("Object is invalid.", "15135")) is None
    connection = FakeConnection(refuses={"'b'": ServerError("Object is invalid.", "15135")})
    step = fallback(KEPT)
    assert step is not None
    with pytest.raises(StatementError, match="Object is invalid") as caught:
        step.run(cast("Connection", connection))
    assert caught.value.outcome == "the descriptions that were sent before stay."
