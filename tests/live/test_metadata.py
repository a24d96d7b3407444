from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from projects import RunningProject, make_project

from ahjo_tasks.config.loader import load
from ahjo_tasks.dialects import dialect_for
from ahjo_tasks.metadata.base import Metadata
from ahjo_tasks.metadata.databases import metadata_for
from ahjo_tasks.metadata.difference import difference
from ahjo_tasks.metadata.export import export
from ahjo_tasks.metadata.files import read_files, write_files
from ahjo_tasks.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

    from ahjo_tasks.door import Door

HARD = "Это \"счёт\" 'со' \\скобками\\\n и\tвторой строкой: 100 % $(x) ? :y {z} -- нет /* да */ ; GO"
EMOJI = "😀 𝔘"
KEEPING = ("postgresql", "mysql", "mssql")
FOLDER = "docs/db_objects"

OBJECTS = {
    "mssql": [
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.invoice (id int NOT NULL PRIMARY KEY, note nvarchar(50), created_at datetime)",
        "CREATE TABLE sales.customer (id int NOT NULL PRIMARY KEY, created_at datetime)",
        "CREATE VIEW sales.open_invoice AS SELECT id FROM sales.invoice",
        "CREATE PROCEDURE sales.pay @id int AS SELECT 1",
        "CREATE FUNCTION sales.vat(@rate int) RETURNS int AS BEGIN RETURN 1 END",
    ],
    "postgresql": [
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.invoice (id int PRIMARY KEY, note text, created_at timestamp)",
        "CREATE TABLE sales.customer (id int PRIMARY KEY, created_at timestamp)",
        "CREATE VIEW sales.open_invoice AS SELECT id FROM sales.invoice",
        "CREATE PROCEDURE sales.pay(id int) LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION sales.vat(rate int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
    "mysql": [
        "CREATE TABLE invoice (id int PRIMARY KEY, note varchar(50), created_at datetime)",
        "CREATE TABLE customer (id int PRIMARY KEY, created_at datetime)",
        "CREATE VIEW open_invoice AS SELECT id FROM invoice",
        "CREATE PROCEDURE pay(id int) SELECT 1",
        "CREATE FUNCTION vat(rate int) RETURNS int DETERMINISTIC RETURN 1",
    ],
}
EXPECTED = {
    "schemas.json": {"sales"},
    "tables.json": {"sales.invoice", "sales.customer"},
    "views.json": {"sales.open_invoice"},
    "procedures.json": {"sales.pay"},
    "functions.json": {"sales.vat"},
    "columns.json": {"sales.invoice.note", "sales.customer.created_at"},
}


class Described:
    """A database with objects, a project beside it, and a connection of the library to it."""

    def __init__(self, target: Target, directory: Path) -> None:
        self.target = target
        self.database = target.create_database()
        for statement in OBJECTS[target.name]:
            target.query(statement, self.database)
        self.project: RunningProject = make_project(
            directory, {**target.backend(), "target_database_name": self.database, "display_db_info": False}
        )
        self.folder = directory / FOLDER
        settings = load(directory / "dev.json", environ={}).settings
        password = settings.password.reveal() if settings.password else None
        self._session = Session(settings, dialect_for(settings), Login(settings.username, password), directory, print)
        found = metadata_for(self._session.dialect)
        assert found is not None
        self.metadata: Metadata = found

    @property
    def door(self) -> Door:
        return self._session.door

    def close(self) -> None:
        self._session.close(keep=True)

    def key(self, name: str) -> str:
        """The key of an object that the other databases call `sales.<name>`."""
        return name if self.target.name == "mysql" else f"sales.{name}"

    def execute(self, *statements: str) -> None:
        for statement in statements:
            self.target.query(statement, self.database)

    def write(self, file: str, content: object) -> None:
        self.project.write(f"{FOLDER}/{file}", json.dumps(content, ensure_ascii=False))

    def read(self, file: str) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((self.folder / file).read_text("utf-8"))
        return found

    def export(self) -> None:
        write_files(self.folder, export(self.door, self.metadata, self.folder, None))

    def texts(self, kind: str) -> dict[str, dict[str, str]]:
        """What the database has now."""
        return {one.key: dict(one.properties) for one in self.metadata.read(self.door, None).of(kind)}


class Login:
    def __init__(self, username: str | None, password: str | None) -> None:
        self._login = (username, password)

    def login(self) -> tuple[str | None, str | None]:
        return self._login


@pytest.fixture(params=KEEPING)
def described(request: pytest.FixtureRequest, open_target: Any, tmp_path: Path) -> Iterator[Described]:
    with open_target(request.param) as target:
        made = Described(target, tmp_path / "project")
        try:
            yield made
        finally:
            made.close()


def one_of(name: str) -> Any:
    return pytest.mark.parametrize("described", [name], indirect=True)


def test_descriptions_go_from_the_database_to_files_and_back(described: Described) -> None:
    hard = HARD if described.target.name == "mysql" else HARD + EMOJI
    invoice, note = described.key("invoice"), described.key("invoice.note")
    described.write("tables.json", {invoice: {"Description": hard}})
    described.write("columns.json", {note: {"Description": hard}})
    described.write("procedures.json", {described.key("pay"): {"Description": hard}})
    described.write("functions.json", {described.key("vat"): {"Description": hard}})
    described.write("database.json", {"database": {"Description": hard}})
    sent = described.project.inv("update-db-obj-prop")
    assert sent.code == 0, sent.text
    assert "5 added" in sent.text

    again = described.project.inv("update-db-obj-prop")
    assert again.code == 0
    assert "nothing to do" in again.text

    for file in described.folder.iterdir():
        file.unlink()
    written = described.project.inv("update-file-obj-prop")
    assert written.code == 0, written.text
    assert described.read("tables.json")[invoice] == {"Description": hard}
    assert described.read("columns.json")[note] == {"Description": hard}
    assert described.read("procedures.json") == {described.key("pay"): {"Description": hard}}
    assert described.read("functions.json") == {described.key("vat"): {"Description": hard}}
    assert described.read("database.json") == {"database": {"Description": hard}}
    assert described.read("columns.json")[described.key("customer.id")] == {}

    times = {file: file.stat().st_mtime_ns for file in described.folder.iterdir()}
    unchanged = described.project.inv("update-file-obj-prop")
    assert "says what the database says" in unchanged.text
    assert {file: file.stat().st_mtime_ns for file in described.folder.iterdir()} == times


def test_a_documented_object_loses_what_the_file_does_not_say(described: Described) -> None:
    invoice, customer = described.key("invoice"), described.key("customer")
    described.write("tables.json", {invoice: {"Description": "one"}, customer: {"Description": "two"}})
    described.project.inv("update-db-obj-prop")
    described.write("tables.json", {invoice: {}})
    done = described.project.inv("update-db-obj-prop")
    assert "1 dropped" in done.text
    assert described.texts("table") == {invoice: {}, customer: {"Description": "two"}} | {
        key: {} for key in described.texts("table") if key not in {invoice, customer}
    }


def test_defaults_reach_columns_without_text_also_after_an_export(described: Described) -> None:
    listed, unlisted = described.key("invoice.created_at"), described.key("customer.created_at")
    described.write("columns.json", {listed: {}})
    described.write("columns_default.json", {"created_at": {"Description": "When"}, "id": {"Description": "Key"}})
    described.project.inv("update-db-obj-prop")
    assert described.texts("column")[listed] == described.texts("column")[unlisted] == {"Description": "When"}
    assert described.texts("column")[described.key("invoice.id")] == {"Description": "Key"}

    described.export()
    assert described.read("columns.json")[listed] == described.read("columns.json")[unlisted] == {}
    described.write("columns_default.json", {"created_at": {"Description": "When it was written"}})
    described.project.inv("update-db-obj-prop")
    assert described.texts("column")[unlisted] == {"Description": "When it was written"}
    assert described.texts("column")[described.key("invoice.id")] == {}


def test_unknown_objects_are_named_and_the_rest_is_done(described: Described) -> None:
    described.write(
        "tables.json", {described.key("ghost"): {"Description": "x"}, described.key("invoice"): {"Description": "y"}}
    )
    done = described.project.inv("update-db-obj-prop")
    assert done.code == 0
    assert f"tables.json describes what the database does not have: {described.key('ghost')}." in done.text
    assert described.texts("table")[described.key("invoice")] == {"Description": "y"}


def test_ten_thousand_columns_take_few_calls(described: Described, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, width = 20, 500
    prefix = "" if described.target.name == "mysql" else "sales."
    names = [f"c{number}" for number in range(width)]
    described.execute(
        *(f"CREATE TABLE {prefix}wide{n} ({', '.join(f'{name} int' for name in names)})" for n in range(tables))
    )
    described.write(
        "columns.json",
        {described.key(f"wide{n}.{name}"): {"Description": f"{name} of {n}"} for n in range(tables) for name in names},
    )
    calls: list[str] = []
    through = described.door._results
    monkeypatch.setattr(described.door, "_results", lambda text: calls.append(text) or through(text))
    files = read_files(described.folder)
    changes = difference(files, described.metadata.read(described.door, None)).changes
    assert len(changes) == tables * width
    described.metadata.send(described.door, changes)
    assert len(calls) <= 50
    calls.clear()
    assert difference(files, described.metadata.read(described.door, None)).changes == ()
    assert len(calls) <= 5


def test_deploy_describes_what_it_made_before_the_stamp(described: Described) -> None:
    described.write("tables.json", {described.key("invoice"): {"Description": "An invoice"}})
    planned = described.project.inv("deploy", "--dry")
    assert "description update docs/db_objects" in planned.text
    assert described.texts("table")[described.key("invoice")] == {}
    skipped = described.project.inv("deploy", "--skip-metadata-update")
    assert skipped.code == 0, skipped.text
    assert described.texts("table")[described.key("invoice")] == {}
    done = described.project.inv("deploy")
    assert done.code == 0, done.text
    assert described.texts("table")[described.key("invoice")] == {"Description": "An invoice"}


def test_a_broken_file_stops_everything_before_it_starts(described: Described) -> None:
    described.write("tables.json", {described.key("invoice"): {"Description": "x"}})
    described.project.write(f"{FOLDER}/columns.json", '{\n  "a.b.c": {\n    "Description": 5\n  }\n}')
    for action in ("update-db-obj-prop", "deploy"):
        done = described.project.inv(action)
        assert done.code == 1
        assert "columns.json:3: Description of a.b.c must be a text" in done.text
    assert described.texts("table")[described.key("invoice")] == {}


@pytest.mark.parametrize("described", ["postgresql", "mssql"], indirect=True)
def test_only_allowed_schemas_are_read_and_written(described: Described) -> None:
    described.execute("CREATE SCHEMA hr", "CREATE TABLE hr.person (id int)")
    described.write("tables.json", {"sales.invoice": {"Description": "x"}, "hr.person": {"Description": "y"}})
    backend = json.loads((described.project.directory / "dev.json").read_text())["BACKEND"]
    described.project.configure({**backend, "metadata_allowed_schemas": ["hr"]})
    done = described.project.inv("update-db-obj-prop")
    assert "1 added" in done.text
    assert "does not have" not in done.text
    assert described.texts("table")["sales.invoice"] == {}
    described.project.inv("update-file-obj-prop")
    assert described.read("tables.json") == {"hr.person": {"Description": "y"}}
    described.project.configure({**backend, "metadata_allowed_schemas": []})
    for action in ("update-db-obj-prop", "update-file-obj-prop"):
        done = described.project.inv(action)
        assert done.code == 0
        assert "metadata_allowed_schemas is empty" in done.text
