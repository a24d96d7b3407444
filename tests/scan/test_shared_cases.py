"""What a scan finds in cases whose outcomes stand outside of this project."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from shared import cases, needs_shared

from ahjo_tasks.scan.alembic_calls import AlembicTableModification, Calls
from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.personal_data import Email, Hetu, is_hetu
from ahjo_tasks.scan.sql_statements import SqlInsert, SqlObjectModification
from ahjo_tasks.scan.sql_text import SqlText

FAR_FUTURE = date(2100, 1, 1)


def some(name: str, **wanted: str) -> list[Any]:
    found = [case for case in cases(name) if all(case[key] == value for key, value in wanted.items())]
    return [pytest.param(case["input"], case["expected"], id=case["id"]) for case in found]


def texts(rule: Hetu | Email, text: str) -> list[str]:
    content = Content("a.sql", text.encode())
    return [hit.match for hit in rule.find(content)] if rule.prefilter(content) else []


@needs_shared
@pytest.mark.parametrize(("code", "expected"), some("scan_hetu", kind="code"))
def test_an_identity_code_is_valid_as_the_agency_says(code: str, expected: dict[str, Any]) -> None:
    assert is_hetu(code, FAR_FUTURE) == expected["valid"]
    assert is_hetu(code) == (expected["valid"] and not expected["in_future_2026"])


@needs_shared
@pytest.mark.parametrize(("text", "expected"), some("scan_hetu", kind="text"))
def test_identity_codes_are_found_in_texts(text: str, expected: list[str]) -> None:
    assert texts(Hetu(), text) == expected


@needs_shared
@pytest.mark.parametrize(("text", "expected"), some("scan_email", kind="text"))
def test_addresses_are_found_in_texts(text: str, expected: list[str]) -> None:
    assert texts(Email(), text) == expected


@needs_shared
@pytest.mark.parametrize(("text", "expected"), some("scan_sql", rule="sql_object_modification"))
def test_changed_objects_are_found(text: str, expected: list[dict[str, Any]]) -> None:
    found = [change for _, _, change in SqlObjectModification().changes(SqlText(text))]
    assert [
        {"verb": change.verb, "type": change.kind, "schema": change.name.schema, "name": change.name.name}
        for change in found
    ] == expected


@needs_shared
@pytest.mark.parametrize(("text", "expected"), some("scan_sql", rule="sql_insert"))
def test_inserts_are_found(text: str, expected: list[dict[str, Any]]) -> None:
    found = [name for *_, name in SqlInsert().inserts(SqlText(text))]
    assert [{"schema": name.schema, "table": name.name} for name in found] == expected


@needs_shared
@pytest.mark.parametrize(("text", "expected"), some("scan_alembic"))
def test_alembic_operations_are_found(text: str, expected: dict[str, Any]) -> None:
    content = Content("revision.py", text.encode())
    found = list(Calls(content.python.tree, content.python.constants()).table_calls())
    assert bool(found) == expected["hit"] == bool(list(AlembicTableModification().find(content)))
    assert not expected["hit"] or [call.schema for call in found] == [expected["schema"]]
    assert "operation" not in expected or found[0].operation == expected["operation"]
