from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from projects import RunningProject, make_project

from ahjo_tasks.config.loader import load
from ahjo_tasks.console import Console
from ahjo_tasks.database.database import Database
from ahjo_tasks.database.dialects import dialect_for
from ahjo_tasks.descriptions.diff import compute_changes, export_descriptions
from ahjo_tasks.descriptions.files import changed_files, read_files, write_files
from ahjo_tasks.descriptions.model import Change, Changes, Descriptions, description_store
from ahjo_tasks.descriptions.mysql import REFERENCE_SYSTEMS
from ahjo_tasks.descriptions.plan import DescriptionStep
from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.model import DescriptionStore

HARD = "Цены, \"списки\" 'и' \\знаки\\\n  \tдля двух языков: 100 % $(x) ? :y {z} -- /* äßç */ ; GO"
EMOJI = "😀 👍"
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
        login = Login(settings.username, password)
        self._session = Database(settings, dialect_for(settings), login, directory, Console())
        found = description_store(self._session.dialect)
        assert found is not None
        self.store: DescriptionStore = found

    @property
    def connection(self) -> Connection:
        return self._session.connection

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
        write_files(changed_files(self.folder, export_descriptions(self.connection, self.store, self.folder, None)[0]))

    def texts(self, kind: str) -> dict[str, dict[str, str]]:
        """What the database has now."""
        return {one.key: dict(one.properties) for one in self.store.read(self.connection, None).lookup(kind)}


class Login:
    def __init__(self, username: str | None, password: str | None) -> None:
        self._login = (username, password)

    def absent_files(self) -> list[Path]:
        return []

    def keep(self) -> None:
        """There is nothing that was asked for."""

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


def only(name: str) -> pytest.MarkDecorator:
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
    assert "is up to date with the database" in unchanged.text
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
    through = described.connection._results
    monkeypatch.setattr(described.connection, "_results", lambda text: calls.append(text) or through(text))
    files = read_files(described.folder)
    changes = compute_changes(files, described.store.read(described.connection, None)).changes
    assert len(changes) == tables * width
    described.store.send(described.connection, changes)
    assert len(calls) <= 60
    calls.clear()
    assert compute_changes(files, described.store.read(described.connection, None)).changes == ()
    assert len(calls) <= 5


def test_deploy_describes_what_it_made_before_the_stamp(described: Described) -> None:
    described.write("tables.json", {described.key("invoice"): {"Description": "An invoice"}})
    described.project.write("git_version.json", json.dumps({"repository": "r", "branch": "b", "commit": "c"}))
    planned = described.project.inv("deploy", "--dry")
    assert "Plan: 1 description update, 1 git version" in planned.text
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
        assert done.code == 2
        assert "columns.json:3: Description of a.b.c must be a string" in done.text
    assert described.texts("table")[described.key("invoice")] == {}


@pytest.mark.parametrize("described", ["postgresql", "mssql"], indirect=True)
def test_a_failure_takes_everything_back(described: Described, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described.store, "changes_per_call", 1)
    invoice = described.store.read(described.connection, None).lookup("table").find("sales.invoice")
    assert invoice is not None
    ghost = replace(invoice, parts=("sales", "ghost"), target=invoice.target.replace("invoice", "ghost"))
    changes = tuple(Change("add", one, "Description", "x") for one in (invoice, ghost))
    step = DescriptionStep(Descriptions({}), described.store, None, Changes(changes))
    with pytest.raises(DeployError, match="ghost"):
        PlanExecutor(described.connection, lambda _event: None).run(Plan((step,)))
    assert described.texts("table")["sales.invoice"] == {}


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
    written = described.project.inv("update-file-obj-prop")
    assert "metadata_allowed_schemas leaves out: sales.invoice." in written.text
    assert described.read("tables.json") == {"hr.person": {"Description": "y"}}
    described.project.configure({**backend, "metadata_allowed_schemas": []})
    for action in ("update-db-obj-prop", "update-file-obj-prop"):
        done = described.project.inv(action)
        assert done.code == 0
        assert "metadata_allowed_schemas is empty" in done.text


@only("mssql")
def test_every_property_of_an_object_is_kept_apart(described: Described) -> None:
    described.write("tables.json", {"sales.invoice": {"Description": "d", "Owner": "Финансы", "empty": ""}})
    described.write("procedures.json", {"sales.pay": {"Description": "pays"}})
    described.write("schemas.json", {"sales": {"Description": "what is sold"}})
    described.project.inv("update-db-obj-prop")
    assert described.texts("table")["sales.invoice"] == {"Description": "d", "Owner": "Финансы", "empty": ""}
    assert described.texts("procedure") == {"sales.pay": {"Description": "pays"}}
    assert described.texts("column")["sales.invoice.id"] == {}
    described.write("tables.json", {"sales.invoice": {"Owner": "Sales", "empty": "", "new": "n"}})
    done = described.project.inv("update-db-obj-prop")
    assert "1 added, 1 changed, 1 dropped" in done.text
    assert described.texts("table")["sales.invoice"] == {"Owner": "Sales", "empty": "", "new": "n"}


PLENTY = (
    "CREATE TYPE sales.colour AS ENUM ('red')",
    "CREATE DOMAIN sales.percent AS int CONSTRAINT up CHECK (VALUE > 0)",
    "CREATE TYPE sales.pair AS (a int, b int)",
    "CREATE SEQUENCE sales.numbers",
    'CREATE TABLE sales."Odd.Name" (id serial PRIMARY KEY, "Größe" int CONSTRAINT positive CHECK ("Größe" > 0))',
    'CREATE INDEX by_size ON sales."Odd.Name" ("Größe")',
    "CREATE MATERIALIZED VIEW sales.frozen AS SELECT 1 AS one",
    "CREATE FUNCTION sales.vat(rate numeric, VARIADIC more int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION sales.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    'CREATE TRIGGER fires BEFORE INSERT ON sales."Odd.Name" FOR EACH ROW EXECUTE FUNCTION sales.fire()',
    "CREATE AGGREGATE sales.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
    "CREATE FUNCTION sales.next(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'",
    "CREATE AGGREGATE sales.rows(*) (SFUNC = sales.next, STYPE = int, INITCOND = '0')",
    """CREATE FUNCTION sales."vat(integer)"(text) RETURNS int LANGUAGE sql AS 'SELECT 1'""",
    "CREATE TYPE sales.span AS RANGE (subtype = float8)",
    "CREATE TABLE sales.parted (id int) PARTITION BY LIST (id)",
    "CREATE TABLE sales.part_1 PARTITION OF sales.parted FOR VALUES IN (1)",
)
PLENTY_KEYS = {
    "database.json": ["database"],
    "schemas.json": ["sales"],
    "types.json": ["sales.colour", "sales.percent", "sales.pair", "sales.span"],
    "sequences.json": ["sales.numbers"],
    "procedures.json": ["sales.pay"],
    "functions.json": [
        "sales.vat(integer)",
        "sales.vat(numeric, integer[])",
        "sales.vat(integer)(text)",
        "sales.total",
        "sales.fire",
        "sales.next",
        "sales.rows",
    ],
    "tables.json": ["sales.Odd.Name", "sales.parted"],
    "views.json": ["sales.open_invoice", "sales.frozen"],
    "columns.json": ["sales.Odd.Name.Größe", "sales.frozen.one", "sales.open_invoice.id"],
    "triggers.json": ["sales.Odd.Name.fires"],
    "indexes.json": ["sales.Odd.Name.by_size"],
    "constraints.json": ["sales.Odd.Name.positive", "sales.Odd.Name.Odd.Name_pkey", "sales.percent.up"],
}


@only("postgresql")
def test_postgresql_describes_everything_that_comment_on_can(described: Described) -> None:
    described.execute(*PLENTY)
    described.export()
    assert set(described.read("types.json")) == set(PLENTY_KEYS["types.json"])
    assert set(described.read("sequences.json")) == {"sales.numbers"}
    assert set(described.read("functions.json")) == set(PLENTY_KEYS["functions.json"])
    assert set(described.read("indexes.json")) == {"sales.Odd.Name.by_size"}
    assert "sales.part_1" not in described.read("tables.json")
    for file, keys in PLENTY_KEYS.items():
        described.write(file, {key: {"Description": f"{key} in {file}"} for key in keys})
    done = described.project.inv("update-db-obj-prop")
    assert done.code == 0, done.text
    assert "Warning" not in done.text
    assert "describes what" not in done.text
    described.execute("""COMMENT ON INDEX sales."Odd.Name_pkey" IS 'the index of a key'""")
    described.export()
    for file, keys in PLENTY_KEYS.items():
        written = described.read(file)
        assert {key: written[key] for key in keys} == {key: {"Description": f"{key} in {file}"} for key in keys}
    assert described.read("indexes.json")["sales.Odd.Name.Odd.Name_pkey"] == {"Description": "the index of a key"}


@only("postgresql")
def test_a_function_is_found_with_and_without_what_it_takes(described: Described) -> None:
    described.write("functions.json", {"sales.vat(integer)": {"Description": "x"}})
    described.project.inv("update-db-obj-prop")
    assert described.texts("function") == {"sales.vat": {"Description": "x"}}


@only("postgresql")
def test_other_properties_are_named_and_stay_in_the_file(described: Described) -> None:
    described.write("tables.json", {"sales.invoice": {"Owner": "me", "Description": "d"}})
    done = described.project.inv("update-db-obj-prop")
    assert "tables.json: PostgreSQL keeps only Description, not Owner of sales.invoice." in done.text
    described.execute("COMMENT ON TABLE sales.invoice IS 'e'")
    described.write("views.json", {"sales.gone": {"Description": "d"}})
    written = described.project.inv("update-file-obj-prop")
    assert "views.json loses what the database does not have" in written.text
    assert "sales.gone" in written.text
    assert described.read("tables.json")["sales.invoice"] == {"Owner": "me", "Description": "e"}


DOTTED = {
    "mssql": ["CREATE TABLE sales.[a.b] (c int)", "CREATE TABLE sales.a ([b.c] int)"],
    "postgresql": ['CREATE TABLE sales."a.b" (c int)', 'CREATE TABLE sales.a ("b.c" int)'],
    "mysql": ["CREATE TABLE `a.b` (c int)", "CREATE TABLE a (`b.c` int)"],
}


def test_columns_that_a_dot_gives_one_name_are_both_kept(described: Described) -> None:
    described.execute(*DOTTED[described.target.name])
    texts = {described.key("[a.b].c"): {"Description": "one"}, described.key("a.[b.c]"): {"Description": "other"}}
    described.write("columns.json", texts)
    sent = described.project.inv("update-db-obj-prop")
    assert "2 added" in sent.text, sent.text
    (described.folder / "columns.json").unlink()
    described.export()
    written = described.read("columns.json")
    assert {key: written[key] for key in texts} == texts


EVERY = r"""
CREATE TABLE every (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `a,b` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'x,)\\''\n' COMMENT 'old''s \\ \n "q"',
    e enum('a''b', 'c,d') NOT NULL DEFAULT 'c,d',
    ts timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp,
    ti timestamp(3) NULL,
    flag bit(3) DEFAULT b'101',
    g int GENERATED ALWAYS AS (length(concat(`a,b`, '),\n COMMENT ''x'''))) VIRTUAL,
    s int GENERATED ALWAYS AS (f + 1) STORED UNIQUE,
    k int DEFAULT 3 CHECK (k > 0 AND k <> 7),
    `comment` text COMMENT 'c',
    f float(7,3) zerofill,
    j json,
    q varchar(3) DEFAULT '?',
    inv int /*M!100303 INVISIBLE */ DEFAULT 1,
    parent bigint unsigned,
    place point /*M!100304 REF_SYSTEM_ID=4326 */,
    raw varbinary(9) DEFAULT x'0027c3a9',
    KEY (e),
    FOREIGN KEY (parent) REFERENCES every (id)
) COMMENT 'table' /*M!100304 WITH SYSTEM VERSIONING */"""


def shown(described: Described, table: str) -> str:
    """The definition of a table without its comments."""
    text = str(described.target.query(f"SHOW CREATE TABLE {table}", described.database)[0][1])
    return re.sub(r" COMMENT[= ]'(?:[^'\\]|\\.|'')*'", "", text)


@only("mysql")
def test_a_comment_changes_nothing_else_of_a_column(described: Described) -> None:
    described.execute(EVERY)
    before = shown(described, "every"), described.connection.query(REFERENCE_SYSTEMS)
    columns = [key for key in described.texts("column") if key.startswith("every.")]
    assert len(columns) == 17
    described.write("columns.json", {key: {"Description": f"это {key}"} for key in columns})
    described.write("tables.json", {"every": {"Description": "new"}})
    done = described.project.inv("update-db-obj-prop")
    assert done.code == 0, done.text
    assert "Warning" not in done.text
    found = described.texts("column")
    assert {key: found[key] for key in columns} == {key: {"Description": f"это {key}"} for key in columns}
    assert (shown(described, "every"), described.connection.query(REFERENCE_SYSTEMS)) == before


@only("mysql")
def test_a_column_that_the_server_does_not_show_whole_is_left_alone(described: Described) -> None:
    described.execute(
        "CREATE TABLE odd (a varchar(9) DEFAULT 'é😀', e enum('😀', 'b'), q varchar(9) DEFAULT 'é?',"
        " r varbinary(9) DEFAULT x'ff41')"
    )
    described.write("columns.json", {f"odd.{name}": {"Description": "x"} for name in "aeqr"})
    done = described.project.inv("update-db-obj-prop")
    assert done.code == 0, done.text
    for name in "aer":
        assert f"odd.{name} keeps its comment: the server does not show its whole definition." in done.text
    assert "1 added" in done.text
    assert described.texts("column")["odd.q"] == {"Description": "x"}
    described.execute("INSERT INTO odd (e) VALUES ('😀')")
    assert described.target.query("SELECT a, e, q FROM odd", described.database) == [("é😀", "😀", "é?")]


@only("mysql")
def test_a_failure_on_mysql_says_what_stays(described: Described) -> None:
    store, found = (
        described.store,
        described.store.read(described.connection, None).lookup("table").find("invoice"),
    )
    assert found is not None
    changes = tuple(Change("add", replace(found, parts=(name,)), "Description", "x") for name in ("invoice", "ghost"))
    step = DescriptionStep(Descriptions({}), store, None, Changes(changes))
    with pytest.raises(DeployError, match="ghost") as caught:
        PlanExecutor(described.connection, lambda _event: None).run(Plan((step,)))
    assert caught.value.details == ("Each ALTER commits by itself: 1 of 2 changes were made and stay.",)
    assert described.texts("table")["invoice"] == {"Description": "x"}


@only("mysql")
def test_the_session_keeps_its_mode(described: Described) -> None:
    described.connection.execute("SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
    invoice = described.store.read(described.connection, None).lookup("table").find("invoice")
    assert invoice is not None
    text = "a\\\n \"b\" 'c'"
    described.store.send(described.connection, [Change("add", invoice, "Description", text)])
    assert described.texts("table")["invoice"] == {"Description": text}
    kept = described.connection.query("SELECT @@sql_mode, @@character_set_results")
    assert kept == [("ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "utf8mb4")]


@only("mssql")
@pytest.mark.parametrize("mode", ["engine", "connection"])
def test_descriptions_of_what_was_dropped_and_created_again_are_written_again(described: Described, mode: str) -> None:
    """A server may keep what is said of a view's columns, and not show it: one transaction ends at its refusal."""
    described.write("views.json", {"sales.open_invoice": {"Description": "open"}})
    for text in ("one", "another"):
        described.write("columns.json", {"sales.open_invoice.id": {"Description": text}})
        done = described.project.inv("update-db-obj-prop", AHJO_CONTEXT_CONNECTABLE_TYPE=mode)
        assert done.code == 0 or (mode == "connection" and "context_connectable_type: engine" in done.err), done.text
        described.execute("DROP VIEW sales.open_invoice", "CREATE VIEW sales.open_invoice AS SELECT 1 AS id")
