from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import ValidationError
from scan.sarif_schema import SARIF

from ahjo_tasks.scan.engine import ScanResult
from ahjo_tasks.scan.findings import FileWarning, Finding
from ahjo_tasks.scan.reports import line, shown, to_github, to_json, to_sarif
from ahjo_tasks.scan.rules import PatternSearcher, Rule

PATTERN = PatternSearcher(re.compile("x"))
RESULT = ScanResult(
    rules=(Rule("own", PATTERN, description="Own"), Rule("ddl", PATTERN, description="DDL", secret=False)),
    findings=(
        Finding("a b/å,%.sql", 3, 5, 3, 9, "own", "se:cret"),
        Finding("a b/å,%.sql", 4, 5, 6, 2, "own", "se:cret"),
        Finding("c.sql", 1, 1, 2, 4, "ddl", "drop\ntable x"),
    ),
    warnings=(FileWarning("d", "is odd"),),
    ignored=2,
    files=7,
    seconds=0.1,
)


def sarif(*, mask: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_sarif(RESULT, "sub/", mask=mask))
    return document


def test_a_line_of_text_is_one_line() -> None:
    assert [line(finding) for finding in shown(RESULT, mask=False)][1:] == [
        "a b/å,%.sql:4:5: own: se:cret",
        "c.sql:1:1: ddl: drop table x",
    ]
    assert line(RESULT.findings[0]._replace(path="a\nb")) == "'a\\nb':3:5: own: se:cret"


def test_a_mask_hides_data_and_no_statements() -> None:
    assert [finding.match for finding in shown(RESULT, mask=True)] == ["se*****", "se*****", "drop table x"]
    for text in (to_json(RESULT, mask=True), to_github(RESULT, "", mask=True), to_sarif(RESULT, "", mask=True)):
        assert "cret" not in text


def test_json_says_all_there_is() -> None:
    document = json.loads(to_json(RESULT))
    assert document["findings"][2] == {
        "path": "c.sql",
        "line": 1,
        "column": 1,
        "end_line": 2,
        "end_column": 4,
        "rule": "ddl",
        "match": "drop table x",
    }
    assert document["warnings"] == [{"path": "d", "message": "is odd"}]
    assert (document["ignored"], document["files"]) == (2, 7)


def test_github_gets_a_command_a_line_with_paths_from_the_top() -> None:
    first, _, third, warning = to_github(RESULT, "sub/").splitlines()
    assert first == "::error file=sub/a b/å%2C%25.sql,line=3,endLine=3,col=5,endColumn=9,title=own::se:cret"
    assert third == "::error file=sub/c.sql,line=1,endLine=2,title=ddl::drop table x"
    assert warning == "::warning file=sub/d::is odd"


def test_sarif_is_as_its_schema_says() -> None:
    for document in (sarif(), sarif(mask=True), json.loads(to_sarif(RESULT._replace(findings=()), ""))):
        SARIF.validate(document)
    with pytest.raises(ValidationError):
        SARIF.validate(sarif() | {"version": "2.0"})


def test_sarif_names_its_rules_and_warnings() -> None:
    (run,) = sarif()["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["ddl", "own"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["own", "own", "ddl"]
    assert [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]] == ["d: is odd"]


def test_sarif_places_are_uris_from_the_top_of_the_repository() -> None:
    places = [
        result["locations"][0]["physicalLocation"]["artifactLocation"] for result in sarif()["runs"][0]["results"]
    ]
    assert places[0] == {"uri": "sub/a%20b/%C3%A5%2C%25.sql", "uriBaseId": "%SRCROOT%"}


def test_sarif_tells_two_equal_finds_apart_and_knows_them_again() -> None:
    def prints(document: dict[str, Any]) -> list[str]:
        return [result["partialFingerprints"]["ahjoScan/v1"] for result in document["runs"][0]["results"]]

    assert len(set(prints(sarif()))) == 3
    assert prints(sarif()) == prints(sarif())
    assert prints(sarif())[2] == prints(sarif(mask=True))[2]
    assert prints(sarif())[0] != prints(sarif(mask=True))[0]
