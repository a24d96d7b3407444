from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.descriptions.diff import compute_changes, merge_into_files, supported_by
from ahjo_tasks.descriptions.files import changed_files, write_files
from ahjo_tasks.descriptions.model import Catalog, DbObject, Descriptions
from ahjo_tasks.descriptions.plan import plan_descriptions, require_description_store
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.kinds import DESCRIPTIONS

if TYPE_CHECKING:
    from pathlib import Path


def table(name: str, **properties: str) -> DbObject:
    return DbObject("table", ("sales", name), "TABLE", properties)


def column(name: str, **properties: str) -> DbObject:
    return DbObject("column", ("sales", "invoice", name), "TABLE", properties)


def changes(files: Descriptions, *objects: DbObject, schemas: list[str] | None = None) -> list[str]:
    """The changes as `verb key name text`."""
    result = compute_changes(files, Catalog(objects), schemas).changes
    return [f"{change.verb} {change.object.key} {change.name} {change.text}".rstrip() for change in result]


def warnings(files: Descriptions, *objects: DbObject, schemas: list[str] | None = None) -> tuple[str, ...]:
    return compute_changes(files, Catalog(objects), schemas).warnings


# -- from files to the database --------------------------------------------------------------------------------------


def test_only_what_differs_is_changed() -> None:
    files = Descriptions({"table": {"sales.a": {"same": "1", "other": "new", "fresh": "3"}}})
    assert changes(files, table("a", same="1", other="old", orphan="4")) == [
        "update sales.a other new",
        "add sales.a fresh 3",
        "drop sales.a orphan",
    ]
    assert changes(files, table("a", same="1", other="new", fresh="3")) == []


def test_an_object_that_no_file_lists_keeps_its_properties() -> None:
    assert changes(Descriptions({"table": {"sales.a": {}}}), table("a", x="1"), table("b", x="2")) == ["drop sales.a x"]
    assert changes(Descriptions({}), table("a", x="1")) == []


def test_objects_that_the_database_lacks_are_listed_once_a_file() -> None:
    files = Descriptions({"table": {f"sales.t{number}": {} for number in range(13)}, "view": {"sales.v": {}}})
    first, second = warnings(files, table("t12"))
    assert "tables.json" in first
    assert "sales.t9 and 2 more" in first
    assert "views.json" in second


def test_objects_of_schemas_that_are_not_allowed_are_not_missed() -> None:
    files = Descriptions({"table": {"hr.person": {}, "salesman.x": {}}, "schema": {"hr": {}}})
    assert warnings(files, schemas=["sales"]) == ()


def test_names_in_another_case_are_found_when_only_one_object_fits() -> None:
    files = Descriptions({"table": {"Sales.Invoice": {"d": "1"}}})
    assert changes(files, table("invoice")) == ["add sales.invoice d 1"]
    assert changes(files, table("invoice"), table("INVOICE")) == []
    both = Descriptions({"table": {"SALES.A": {"d": "1"}, "sales.a": {"d": "2"}}})
    assert changes(both, table("a")) == ["add sales.a d 2"]
    assert warnings(both, table("a")) == ("tables.json describes what the database does not have: SALES.A.",)


def test_names_in_another_case_are_other_names_where_the_collation_says_so() -> None:
    names = Catalog((table("invoice"),), ignores_case=False).lookup("table")
    assert names.find("sales.invoice") is not None
    assert names.find("Sales.Invoice") is None


def test_property_names_in_another_case_are_the_same_property() -> None:
    files = Descriptions({"table": {"sales.a": {"description": "new"}}})
    assert changes(files, table("a", Description="old")) == ["update sales.a Description new"]
    both = Descriptions({"table": {"sales.a": {"Description": "1", "description": "2"}}})
    assert changes(both, table("a", Description="1")) == ["add sales.a description 2"]
    assert changes(both, table("a", Description="1", description="2")) == []


def test_two_objects_with_one_name_are_distinguished_by_brackets() -> None:
    one, other = DbObject("column", ("s", "a.b", "c"), "", {"d": "1"}), DbObject("column", ("s", "a", "b.c"))
    plain = DbObject("column", ("s", "x.y", "c"))
    written, _ = merge_into_files(
        Catalog((one, other, plain)), Descriptions({}), require_description_store(dialect("mssql"))
    )
    assert written.kinds["column"] == {"s.[a.b].c": {"d": "1"}, "s.a.[b.c]": {}, "s.x.y.c": {}}
    files = Descriptions({"column": {"s.[a.b].c": {"d": "2"}, "s.a.[b.c]": {"d": "3"}, "s.[x.y].c": {"d": "4"}}})
    assert changes(files, one, other, plain) == ["update s.a.b.c d 2", "add s.a.b.c d 3", "add s.x.y.c d 4"]
    assert warnings(files, one, other, plain) == ()


def test_a_name_that_reads_like_brackets_is_distinguished_too() -> None:
    present = [DbObject("table", parts) for parts in (("a.b", "c"), ("a", "b.c"), ("[a.b]", "c"), ("[a", "b].c"))]
    by_key = Catalog(tuple(present)).lookup("table").by_key
    assert list(by_key.values()) == present
    assert set(by_key) == {"[a.b].c", "a.[b.c]", "[[a.b]]].c", "[[a].[b]].c]"}


def test_a_key_that_two_objects_share_is_refused_with_the_names_to_write() -> None:
    one, other = DbObject("column", ("s", "a.b", "c")), DbObject("column", ("s", "a", "b.c"))
    files = Descriptions({"column": {"s.a.b.c": {"d": "1"}}})
    third = DbObject("column", ("S", "a", "b", "c"))
    for present in ((one, other), (one, other, third)):
        assert changes(files, *present) == []
        assert warnings(files, *present) == (
            "columns.json: s.a.b.c can mean s.[a.b].c or s.a.[b.c], so neither is described: write one of these.",
        )


def test_defaults_go_to_columns_that_say_nothing_themselves() -> None:
    files = Descriptions(
        {"column": {"sales.invoice.created": {}, "sales.invoice.own": {"Owner": "me"}}},
        {"created": {"Description": "When"}, "own": {"Description": "x"}, "Unlisted": {"Description": "U"}},
    )
    present = (column("created", Stale="1"), column("own"), column("unlisted", Kept="2"), column("plain", Kept="3"))
    assert changes(files, *present) == [
        "add sales.invoice.created Description When",
        "drop sales.invoice.created Stale",
        "add sales.invoice.own Owner me",
        "add sales.invoice.unlisted Description U",
    ]


def test_a_kind_that_the_server_cannot_show_is_a_warning() -> None:
    files = Descriptions({"parameter": {"sales.pay.@id": {"Description": "x"}}})
    catalog = Catalog((), {"parameter": "the server has no sys.parameters"})
    assert compute_changes(files, catalog).warnings == (
        "parameters.json is left out: the server has no sys.parameters.",
    )
    assert compute_changes(Descriptions({"parameter": {"sales.pay.@id": {}}}), catalog).warnings == ()


# -- from the database to files --------------------------------------------------------------------------------------


def test_a_column_with_just_its_default_is_written_without_properties() -> None:
    store = require_description_store(dialect("mssql"))
    files = Descriptions({}, {"created": {"Description": "When"}})
    present = Catalog((column("created", Description="When"), column("Created", Description="Then")))
    written, _ = merge_into_files(present, files, store)
    assert written.kinds["column"] == {
        "sales.invoice.created": {},
        "sales.invoice.Created": {"Description": "Then"},
    }


def test_properties_that_the_database_cannot_hold_stay_in_the_files() -> None:
    store = require_description_store(dialect("postgresql"))
    files = Descriptions({"table": {"sales.a": {"Description": "old", "Owner": "me"}, "sales.gone": {"Owner": "x"}}})
    present = Catalog((table("a", Description="new"), table("b")))
    written, messages = merge_into_files(present, files, store)
    assert written.kinds["table"] == {"sales.a": {"Owner": "me", "Description": "new"}, "sales.b": {}}
    assert messages == (
        "tables.json loses what the database does not have or metadata_allowed_schemas leaves out: sales.gone.",
    )


# -- what a database can store ---------------------------------------------------------------------------------------


def test_what_a_database_cannot_hold_is_named(tmp_path: Path) -> None:
    files = Descriptions(
        {
            "table": {"a": {"Description": "kept", "Owner": "me"}, "b": {"Description": ""}},
            "view": {"v": {"Description": "x"}, "w": {}},
            "trigger": {"a.t": {}},
        }
    )
    supported, messages = supported_by(files, require_description_store(dialect("mysql")), tmp_path)
    assert supported.kinds == {"table": {"a": {"Description": "kept"}, "b": {}}}
    assert messages == (
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
    folder = tmp_path / DESCRIPTIONS
    write_files(
        changed_files(folder, Descriptions({"column": {"t.a": {"Description": "fine"}, "t.b": {"Description": text}}}))
    )
    with pytest.raises(SourceError, match=reason) as caught:
        plan_descriptions(tmp_path, dialect(name), None)
    assert (caught.value.path, caught.value.line) == (folder / "columns.json", 6)


def test_texts_of_the_greatest_length_are_held() -> None:
    mssql = require_description_store(dialect("mssql"))
    assert mssql.rejection_reason("table", "ж" * 3750) is None
    assert mssql.rejection_reason("table", "x" * 7500) is None
    assert require_description_store(dialect("mysql")).rejection_reason("column", "ж" * 1024) is None
