from __future__ import annotations

import pytest

from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.personal_data import Email


def found(text: str) -> list[str]:
    content = Content("a.sql", text.encode())
    return [hit.match for hit in Email().find(content)] if Email().prefilter(content) else []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("N'a.b@example.org'", "a.b@example.org"),
        ("values (N'o''brien@example.ie')", "o''brien@example.ie"),
        ("'a'||'b@example.org'", "b@example.org"),
        ("mail=a@example.org;", "a@example.org"),
        ("--a@example.org", "a@example.org"),
        ("..a@example.org.", "a@example.org"),
        ("a..b@example.org", "b@example.org"),
        ("+1@example.org", "+1@example.org"),
        ("x@a-b.xn--p1ai", "x@a-b.xn--p1ai"),
        ("\u00e5ke@example.org", "\u00e5ke@example.org"),
        ("A@EXAMPLE.ORG", "A@EXAMPLE.ORG"),
        ("a@example.org-", "a@example.org"),
    ],
)
def test_an_address_begins_and_ends_where_people_see_it(text: str, address: str) -> None:
    assert found(text) == [address]


@pytest.mark.parametrize(
    "text",
    ["@name = 1", "select @a.value", "a.@example.org", "npm i x@1.2.3", "a@b_c.org", "a@example.org_old", "a @b.org"],
)
def test_variables_and_versions_are_no_addresses(text: str) -> None:
    assert found(text) == []


def test_addresses_may_touch() -> None:
    assert found("a@example.org,b@example.org a@b.fi@c.fi") == ["a@example.org", "b@example.org", "a@b.fi"]


@pytest.mark.parametrize("part", ["a@", "a'", "a.", "@a.", "a@a.", "x"])
def test_long_runs_are_read_quickly(part: str) -> None:
    found(part * 100_000 + "@")
