from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from projects import make_project

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.descriptions.base import metadata_for
from ahjo_tasks.descriptions.diff import difference, supported_by
from ahjo_tasks.descriptions.export import exported
from ahjo_tasks.descriptions.files import changed_files, read_files, write
from ahjo_tasks.descriptions.model import Catalog, Change, Changes, DbObject, Descriptions
from ahjo_tasks.descriptions.plan import FOLDER, DescriptionStep, plan_descriptions, plan_update, required_metadata
from ahjo_tasks.errors import SourceError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target


def table(name: str, **properties: str) -> DbObject:
    return DbObject("table", ("sales", name), "TABLE", properties)


def column(name: str, **properties: str) -> DbObject:
    return DbObject("column", ("sales", "invoice", name), "TABLE", properties)


def spoken(wanted: Descriptions, *present: DbObject, schemas: list[str] | None = None) -> list[str]:
    """The changes as `verb key name text`."""
    found = difference(wanted, Catalog(present), schemas).changes
    return [f"{one.verb} {one.object.key} {one.name} {one.text}".rstrip() for one in found]


def warnings(wanted: Descriptions, *present: DbObject, schemas: list[str] | None = None) -> tuple[str, ...]:
    return difference(wanted, Catalog(present), schemas).warnings


# -- files -----------------------------------------------------------------------------------------------------------


def test_files_are_written_as_the_predecessor_wrote_them(tmp_path: Path) -> None:
    wanted = Descriptions({"table": {"s.b": {}, "s.a": {"Owner": "Финансы", "Description": "ä 😀"}}})
    write(changed_files(tmp_path / "docs", wanted))
    text = (tmp_path / "docs" / "tables.json").read_bytes().decode()
    assert text == (
        '{\n    "s.a": {\n        "Description": "ä 😀",\n        "Owner": "Финансы"\n    },\n    "s.b": {}\n}'
    )
    assert read_files(tmp_path / "docs") == wanted


def test_a_file_with_the_same_content_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tables.json").write_bytes(b'\xef\xbb\xbf{"s.b": {},\r\n"s.a": {}}\r\n')
    assert changed_files(tmp_path, Descriptions({"table": {"s.a": {}, "s.b": {}}})) == {}


def test_files_of_the_rarer_kinds_are_written_when_there_is_something_in_them(tmp_path: Path) -> None:
    empty: dict[str, dict[str, str]] = {}
    wanted = Descriptions({"view": empty, "trigger": empty, "index": {"s.t.i": {}}})
    assert {path.name for path in changed_files(tmp_path, wanted)} == {"views.json", "indexes.json"}
    (tmp_path / "triggers.json").write_text('{"s.t.gone": {}}', encoding="utf-8")
    assert "triggers.json" in {path.name for path in changed_files(tmp_path, wanted)}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{\n"s.a": {}\n"s.b": {}}', 3, "this is not JSON"),
        ('{\n"s.a":\n["x"]}', 2, "s.a must be an object"),
        ('{\n"s.a": {\n"Description": null}}', 3, "Description of s.a must be a text"),
        ('{"s.a": {},\n"s.b": {},\n"s.a": {}}', 3, "s.a stands here twice"),
        ('{"s.a": {"x": "1",\n"x": "2"}}', 2, "x stands here twice"),
        ('{"s.a": {\n"x": "\\u0000"}}', 2, "a character that no database takes"),
        ('{"s.a": {\n"x": "\\ud83d"}}', 2, "a character that no database takes"),
        ("[]", None, "must be an object"),
        ('{\n"": {"x": "1"}}', 2, "a name is empty"),
        ('{\n"s.a": {"": "1"}}', 2, "a name is empty"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    (tmp_path / "views.json").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message) as caught:
        read_files(tmp_path)
    assert caught.value.path == tmp_path / "views.json"
    assert caught.value.line == line


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "views.json").write_bytes('{"s.ä": {}}'.encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        read_files(tmp_path)


# -- differences -----------------------------------------------------------------------------------------------------


def test_only_what_differs_is_changed() -> None:
    wanted = Descriptions({"table": {"sales.a": {"same": "1", "other": "new", "fresh": "3"}}})
    assert spoken(wanted, table("a", same="1", other="old", orphan="4")) == [
        "update sales.a other new",
        "add sales.a fresh 3",
        "drop sales.a orphan",
    ]
    assert spoken(wanted, table("a", same="1", other="new", fresh="3")) == []


def test_an_object_that_no_file_lists_keeps_its_properties() -> None:
    assert spoken(Descriptions({"table": {"sales.a": {}}}), table("a", x="1"), table("b", x="2")) == ["drop sales.a x"]
    assert spoken(Descriptions({}), table("a", x="1")) == []


def test_objects_that_the_database_lacks_are_listed_once_a_file() -> None:
    wanted = Descriptions({"table": {f"sales.t{number}": {} for number in range(13)}, "view": {"sales.v": {}}})
    first, second = warnings(wanted, table("t12"))
    assert "tables.json" in first
    assert "sales.t9 and 2 more" in first
    assert "views.json" in second


def test_objects_of_schemas_that_are_not_allowed_are_not_missed() -> None:
    wanted = Descriptions({"table": {"hr.person": {}, "salesman.x": {}}, "schema": {"hr": {}}})
    assert warnings(wanted, schemas=["sales"]) == ()


def test_names_in_another_case_are_found_when_only_one_object_fits() -> None:
    wanted = Descriptions({"table": {"Sales.Invoice": {"d": "1"}}})
    assert spoken(wanted, table("invoice")) == ["add sales.invoice d 1"]
    assert spoken(wanted, table("invoice"), table("INVOICE")) == []
    both = Descriptions({"table": {"SALES.A": {"d": "1"}, "sales.a": {"d": "2"}}})
    assert spoken(both, table("a")) == ["add sales.a d 2"]
    assert warnings(both, table("a")) == ("tables.json describes what the database does not have: SALES.A.",)


def test_names_in_another_case_are_other_names_where_the_collation_says_so() -> None:
    names = Catalog((table("invoice"),), folds=False).of("table")
    assert names.find("sales.invoice") is not None
    assert names.find("Sales.Invoice") is None


def test_property_names_in_another_case_are_the_same_property() -> None:
    wanted = Descriptions({"table": {"sales.a": {"description": "new"}}})
    assert spoken(wanted, table("a", Description="old")) == ["update sales.a Description new"]
    both = Descriptions({"table": {"sales.a": {"Description": "1", "description": "2"}}})
    assert spoken(both, table("a", Description="1")) == ["add sales.a description 2"]
    assert spoken(both, table("a", Description="1", description="2")) == []


def test_two_objects_with_one_name_are_told_apart_by_brackets() -> None:
    one, other = DbObject("column", ("s", "a.b", "c"), "", {"d": "1"}), DbObject("column", ("s", "a", "b.c"))
    plain = DbObject("column", ("s", "x.y", "c"))
    written, _ = exported(Catalog((one, other, plain)), Descriptions({}), required_metadata(dialect("mssql")))
    assert written.kinds["column"] == {"s.[a.b].c": {"d": "1"}, "s.a.[b.c]": {}, "s.x.y.c": {}}
    wanted = Descriptions({"column": {"s.[a.b].c": {"d": "2"}, "s.a.[b.c]": {"d": "3"}, "s.[x.y].c": {"d": "4"}}})
    assert spoken(wanted, one, other, plain) == ["update s.a.b.c d 2", "add s.a.b.c d 3", "add s.x.y.c d 4"]
    assert warnings(wanted, one, other, plain) == ()


def test_a_name_that_reads_like_brackets_is_told_apart_too() -> None:
    present = [DbObject("table", parts) for parts in (("a.b", "c"), ("a", "b.c"), ("[a.b]", "c"), ("[a", "b].c"))]
    found = Catalog(tuple(present)).of("table").exact
    assert list(found.values()) == present
    assert set(found) == {"[a.b].c", "a.[b.c]", "[[a.b]]].c", "[[a].[b]].c]"}


def test_a_key_that_two_objects_share_is_refused_with_the_names_to_write() -> None:
    one, other = DbObject("column", ("s", "a.b", "c")), DbObject("column", ("s", "a", "b.c"))
    wanted = Descriptions({"column": {"s.a.b.c": {"d": "1"}}})
    third = DbObject("column", ("S", "a", "b", "c"))
    for present in ((one, other), (one, other, third)):
        assert spoken(wanted, *present) == []
        assert warnings(wanted, *present) == (
            "columns.json: s.a.b.c can mean s.[a.b].c or s.a.[b.c], so neither is described: write one of these.",
        )


def test_defaults_go_to_columns_that_say_nothing_themselves() -> None:
    wanted = Descriptions(
        {"column": {"sales.invoice.created": {}, "sales.invoice.own": {"Owner": "me"}}},
        {"created": {"Description": "When"}, "own": {"Description": "x"}, "Unlisted": {"Description": "U"}},
    )
    present = (column("created", Stale="1"), column("own"), column("unlisted", Kept="2"), column("plain", Kept="3"))
    assert spoken(wanted, *present) == [
        "add sales.invoice.created Description When",
        "drop sales.invoice.created Stale",
        "add sales.invoice.own Owner me",
        "add sales.invoice.unlisted Description U",
    ]


def test_a_kind_that_the_server_cannot_show_is_a_warning() -> None:
    wanted = Descriptions({"parameter": {"sales.pay.@id": {"Description": "x"}}})
    catalog = Catalog((), {"parameter": "the server has no sys.parameters"})
    assert difference(wanted, catalog).warnings == ("parameters.json is left out: the server has no sys.parameters.",)
    assert difference(Descriptions({"parameter": {"sales.pay.@id": {}}}), catalog).warnings == ()


# -- from the database to files --------------------------------------------------------------------------------------


def test_a_column_with_just_its_default_is_written_without_properties() -> None:
    metadata = required_metadata(dialect("mssql"))
    files = Descriptions({}, {"created": {"Description": "When"}})
    present = Catalog((column("created", Description="When"), column("Created", Description="Then")))
    written, _ = exported(present, files, metadata)
    assert written.kinds["column"] == {
        "sales.invoice.created": {},
        "sales.invoice.Created": {"Description": "Then"},
    }


def test_properties_that_the_database_cannot_hold_stay_in_the_files() -> None:
    metadata = required_metadata(dialect("postgresql"))
    files = Descriptions({"table": {"sales.a": {"Description": "old", "Owner": "me"}, "sales.gone": {"Owner": "x"}}})
    present = Catalog((table("a", Description="new"), table("b")))
    written, said = exported(present, files, metadata)
    assert written.kinds["table"] == {"sales.a": {"Owner": "me", "Description": "new"}, "sales.b": {}}
    assert said == (
        "tables.json loses what the database does not have or metadata_allowed_schemas leaves out: sales.gone.",
    )


# -- what a database can hold ----------------------------------------------------------------------------------------


def test_what_a_database_cannot_hold_is_named(tmp_path: Path) -> None:
    wanted = Descriptions(
        {
            "table": {"a": {"Description": "kept", "Owner": "me"}, "b": {"Description": ""}},
            "view": {"v": {"Description": "x"}, "w": {}},
            "trigger": {"a.t": {}},
        }
    )
    held, said = supported_by(wanted, required_metadata(dialect("mysql")), tmp_path)
    assert held.kinds == {"table": {"a": {"Description": "kept"}, "b": {}}}
    assert said == (
        "tables.json: MySQL keeps only Description, not Owner of a.",
        "views.json: MySQL keeps no descriptions of it: v.",
    )


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("mysql", "x" * 1025, "1024 characters"),
        ("mysql", "😀", "no emoji"),
        ("mssql", "ж" * 3751, "3750 characters"),
        ("mssql", "x" * 7501, "7500 of ASCII"),
    ],
)
def test_a_text_that_would_be_cut_or_spoilt_is_refused_with_its_line(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    folder = tmp_path / FOLDER
    write(
        changed_files(folder, Descriptions({"column": {"t.a": {"Description": "fine"}, "t.b": {"Description": text}}}))
    )
    with pytest.raises(SourceError, match=reason) as caught:
        plan_descriptions(tmp_path, dialect(name), None)
    assert (caught.value.path, caught.value.line) == (folder / "columns.json", 6)


def test_texts_of_the_greatest_length_are_held() -> None:
    mssql = required_metadata(dialect("mssql"))
    assert mssql.obstacle("table", "ж" * 3750) is None
    assert mssql.obstacle("table", "x" * 7500) is None
    assert required_metadata(dialect("mysql")).obstacle("column", "ж" * 1024) is None


# -- plans -----------------------------------------------------------------------------------------------------------


def test_a_project_without_the_folder_has_nothing_to_describe(tmp_path: Path) -> None:
    plan = plan_descriptions(tmp_path, dialect("sqlite"), None)
    assert (plan.steps, plan.notes) == ((), ())
    with pytest.raises(UsageError, match="no folder docs/db_objects"):
        plan_update(tmp_path, dialect("mysql"), None, None)


def test_a_deployment_to_a_database_without_descriptions_says_so(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    plan = plan_descriptions(tmp_path, dialect("sqlite"), None)
    assert plan.steps == ()
    assert plan.notes == ("SQLite keeps no descriptions of database objects: docs/db_objects is left out.",)


def test_files_that_nothing_reads_are_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "table.json").write_text('{"s.a": {"d": "1"}}', encoding="utf-8")
    plan = plan_descriptions(tmp_path, dialect("mssql"), None)
    assert plan.steps == ()
    assert plan.notes == (
        "Not read in docs/db_objects, for no descriptions are kept by that name: table.json.",
        "docs/db_objects has no file to read.",
    )


def test_no_allowed_schema_means_no_work(tmp_path: Path) -> None:
    write(changed_files(tmp_path / FOLDER, Descriptions({"table": {"s.a": {"d": "1"}}})))
    plan = plan_descriptions(tmp_path, dialect("mssql"), ())
    assert plan.steps == ()
    assert "metadata_allowed_schemas is empty" in plan.notes[0]


def test_a_plan_names_its_folder_and_what_it_does_not_know_yet(tmp_path: Path) -> None:
    write(changed_files(tmp_path / FOLDER, Descriptions({"table": {"s.a": {"d": "1"}}})))
    plan = plan_descriptions(tmp_path, dialect("mssql"), None)
    assert plan.summary == "1 description update"
    assert (plan.steps[0].label, plan.steps[0].note) == (FOLDER, "what differs is found when it runs")


def test_a_plan_lists_what_it_will_change() -> None:
    changes = Changes(
        (
            Change("add", table("a"), "Owner", "me"),
            Change("drop", DbObject("database", ()), "Description"),
        )
    )
    step = DescriptionStep(Descriptions({}), required_metadata(dialect("mssql")), None, changes)
    assert step.note.splitlines() == [
        "1 added, 1 dropped",
        "add Owner of table sales.a",
        "drop Description of the database",
    ]


def test_every_database_but_sqlite_keeps_descriptions() -> None:
    assert metadata_for(dialect("sqlite")) is None
    assert {name for name in ("mssql", "postgresql", "mysql", "mariadb") if metadata_for(dialect(name))} == {
        "mssql",
        "postgresql",
        "mysql",
        "mariadb",
    }


@pytest.mark.parametrize("action", ["update-db-obj-prop", "update-file-obj-prop"])
def test_sqlite_refuses_by_name(sqlite_target: Target, tmp_path: Path, action: str) -> None:
    database = sqlite_target.create_database()
    project = make_project(tmp_path / "p", {**sqlite_target.backend(), "target_database_name": database})
    project.write(f"{FOLDER}/tables.json", json.dumps({"a": {"Description": "x"}}))
    done = project.inv(action)
    assert done.code == 2
    assert "SQLite keeps no descriptions of database objects." in done.text
