"""Targets are read from every source alike, and what is wrong in one is said with its place before anything runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.errors import ConfigError, UsageError
from ahjo_tasks.fleet.targets import Sources, Target, TargetReader, choose, refuse_one_database, select, server_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS: list[dict[str, Any]] = [
    {"name": "acme", "group": "eu", "labels.tier": "gold", "target_database_name": "a", "sql_port": 5433},
    {"name": "beta", "target_database_name": "00123"},
]
FORMS = {
    "t.yaml": "targets:\n  acme: {group: eu, labels: {tier: gold}, target_database_name: a, sql_port: 5433}\n"
    "  beta: {target_database_name: '00123'}\n",
    "list.yaml": "targets:\n- {name: acme, group: eu, labels: {tier: gold}, target_database_name: a, sql_port: 5433}\n"
    "- {name: beta, target_database_name: '00123'}\n",
    "t.json": json.dumps(
        {
            "targets": {
                "acme": {"group": "eu", "labels": {"tier": "gold"}, "target_database_name": "a", "sql_port": 5433},
                "beta": {"target_database_name": "00123"},
            }
        }
    ),
    "t.csv": "name,group,labels.tier,target_database_name,sql_port\nacme,eu,gold,a,5433\nbeta,,,00123,\n",
    "catalog.yaml": "catalog: catalog.jsonc\nquery: SELECT * FROM tenant\n",
    "tasks:tenants": "",
}
SOURCES = Sources(lambda _config, _sql: ROWS, lambda _reference: ROWS)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[Target, ...]]:
    def reading(name: str, text: str = "", known: tuple[str, ...] = ()) -> tuple[Target, ...]:
        if text:
            (tmp_path / name).write_text(text, encoding="utf-8")
        return TargetReader(tmp_path, SOURCES, known).read(name)

    return reading


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_targets(form: str, read: Callable[..., tuple[Target, ...]]) -> None:
    acme, beta = read(form, FORMS[form])
    assert (acme.name, acme.group, acme.labels) == ("acme", "eu", {"tier": "gold"})
    assert acme.config == {"target_database_name": "a", "sql_port": 5433}
    assert (beta.name, beta.group, beta.labels, beta.config) == ("beta", "", {}, {"target_database_name": "00123"})


BAD = {
    "unknown key": ("t.yaml", "targets:\n  a:\n    target_databse_name: x\n", "t.yaml:3: a.target_databse_name: not a"),
    "suggested": ("t.yaml", "targets:\n  a:\n    target_databse_name: x\n", "did you mean target_database_name?"),
    "wrong type": ("t.yaml", "targets:\n  a:\n    sql_port: many\n", "t.yaml:3: a.sql_port: expected an integer"),
    "labels": (
        "t.yaml",
        "targets:\n  a: {}\n  b:\n    labels: eu\n",
        "t.yaml:4: b.labels: expected an object of texts",
    ),
    "group": ("t.yaml", "targets:\n  a:\n    group: [1]\n", "t.yaml:3: a.group: expected a text"),
    "entry": ("t.yaml", "targets:\n  a: x\n", "t.yaml:2: a: expected an object"),
    "list": ("t.yaml", "targets:\n  - name: a\n  - b\n", "t.yaml:1: entry 2: expected an object"),
    "list without a name": ("t.yaml", "targets:\n  - group: a\n", "t.yaml:1: entry 1: name: expected a text"),
    "neither": ("t.yaml", "targets: a\n", "t.yaml:1: targets: expected an object for each name, or a list"),
    "top key": ("t.yaml", "target:\n  a: {}\n", "t.yaml:1: target: not a known key; did you mean targets?"),
    "twice": ("t.yaml", "targets:\n  a: {}\n  a: {}\n", "given twice"),
    "same in another case": ("t.yaml", "targets:\n  a: {}\n  A: {}\n", "t.yaml:3: A: the same name as a at t.yaml:2"),
    "none": ("t.yaml", "targets: {}\n", "expected at least one target"),
    "half of a catalog": ("t.yaml", "query: SELECT 1\n", "expected a query and the config of its catalog"),
    "json": ("t.json", '{"targets": {\n"a": {"sql_port": "x"}}}', "t.json:2: a.sql_port: expected an integer"),
    "columns": ("t.csv", "name,group\na,b,c\n", "t.csv:2: expected 2 columns"),
    "cell": ("t.csv", "name,sql_port\na,1\nb,x\n", "t.csv:3: b.sql_port: expected an integer"),
    "no name": ("t.csv", "group\na\n", "t.csv:2: name: expected a text"),
    "control character": ("t.json", json.dumps({"targets": {"a\nb": {}}}), "name: expected a text"),
    "long name": ("t.json", json.dumps({"targets": {"a" * 201: {}}}), "at most 200 characters"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_said_with_its_place(case: str, read: Callable[..., tuple[Target, ...]]) -> None:
    name, text, expected = BAD[case]
    with pytest.raises(ConfigError) as caught:
        read(name, text)
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems


def test_all_mistakes_are_said_at_once(read: Callable[..., tuple[Target, ...]]) -> None:
    with pytest.raises(ConfigError) as caught:
        read("t.yaml", "targets:\n  a: {sql_port: x}\n  b: {group: []}\n")
    assert len(caught.value.problems) == 2


def test_a_project_may_have_keys_of_its_own(read: Callable[..., tuple[Target, ...]]) -> None:
    (target,) = read("t.yaml", "targets:\n  a: {my_key: 1, api_token_file: t, sqlalchemy.echo: true}\n", ("my_key",))
    assert target.config["my_key"] == 1


def test_secrets_are_resolved_where_they_are_used(read: Callable[..., tuple[Target, ...]], tmp_path: Path) -> None:
    (target,) = read("t.yaml", "targets:\n  a: {password: '${TENANT_PASSWORD}'}\n")
    assert target.config["password"] == "${TENANT_PASSWORD}"
    assert target.resolved({"TENANT_PASSWORD": "s3cret"}, tmp_path)["password"] == "s3cret"
    with pytest.raises(ConfigError, match="a cannot be used") as caught:
        target.resolved({}, tmp_path)
    assert caught.value.problems[0].startswith("t.yaml:2: password: the environment variable TENANT_PASSWORD")
    assert "PASSWORD" not in repr(target)


def test_two_targets_are_not_one_database() -> None:
    base = {"target_server_hostname": "db1", "target_database_name": "shop", "project": "shop"}
    same = [Target("a", {}, place="t:1"), Target("b", {"target_database_name": "shop"}, place="t:2")]
    with pytest.raises(ConfigError) as caught:
        refuse_one_database(same, base)
    assert caught.value.problems == ("t:2: b: the same database as a at t:1",)
    for key in ("target_server_hostname", "target_database_name", "project", "sqlalchemy.url"):
        refuse_one_database([Target("a"), Target("b", {key: "other"})], base)


def test_the_server_of_a_target_is_its_host() -> None:
    base = {"target_server_hostname": "db1"}
    assert server_of(Target("a"), base) == "db1"
    assert server_of(Target("a", {"target_server_hostname": "db2"}), base) == "db2"
    assert server_of(Target("a", {"sqlalchemy.url": "postgresql+psycopg://u:p@db3:5432/x"}), base) == "db3"
    assert server_of(Target("a"), {}) == ""


FLEET = [
    Target("acme", labels={"region": "eu", "tier": "gold"}, group="prod"),
    Target("beta", labels={"region": "us"}, group="prod"),
    Target("test1", labels={"region": "eu"}, group="test"),
]


@pytest.mark.parametrize(
    ("where", "where_not", "expected"),
    [
        ([], [], ["acme", "beta", "test1"]),
        (["region=eu"], [], ["acme", "test1"]),
        (["region=eu,us"], [], ["acme", "beta", "test1"]),
        (["region=eu", "group=prod"], [], ["acme"]),
        (["name=test*"], [], ["test1"]),
        ([], ["region=eu"], ["beta"]),
        ([], ["region=us", "tier=gold"], ["test1"]),
        (["tier=*"], [], ["acme"]),
    ],
)
def test_labels_select_targets(where: list[str], where_not: list[str], expected: list[str]) -> None:
    assert [target.name for target in select(FLEET, where, where_not, "")] == expected


@pytest.mark.parametrize("condition", ["regoin=eu", "region", "=eu", "region=asia"])
def test_a_condition_that_selects_nothing_is_a_mistake(condition: str) -> None:
    with pytest.raises(UsageError):
        select(FLEET, [condition], [], "")


@pytest.mark.parametrize("part", ["0/2", "3/2", "2", "a/b", "1/0", "-1/2"])
def test_a_part_is_one_of_several(part: str) -> None:
    with pytest.raises(UsageError, match="2/8"):
        select(FLEET, [], [], part)


@given(st.sets(st.text(min_size=1, max_size=8)), st.integers(1, 9))
def test_the_parts_together_are_the_whole(names: set[str], parts: int) -> None:
    targets = [Target(name) for name in sorted(names)]
    found = [each.name for number in range(1, parts + 1) for each in select(targets, [], [], f"{number}/{parts}")]
    if targets or parts > 1:
        assert sorted(found) == sorted(names)


def test_a_canary_is_a_number_a_name_or_a_label() -> None:
    assert [target.name for target in choose(FLEET, "2")] == ["acme", "beta"]
    assert [target.name for target in choose(FLEET, "beta")] == ["beta"]
    assert [target.name for target in choose(FLEET, "group=test")] == ["test1"]
    with pytest.raises(UsageError, match="bta") as caught:
        choose(FLEET, "bta")
    assert caught.value.hint == "Did you mean beta?"
