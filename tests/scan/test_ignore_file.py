from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.scan.command import IGNORED
from ahjo_tasks.scan.findings import Finding
from ahjo_tasks.scan.ignore_file import add_to_ignored, read_ignored

if TYPE_CHECKING:
    from pathlib import Path


def finding(match: str, path: str = "a.sql", rule: str = "hetu") -> Finding:
    return Finding(path, 1, 1, 1, 2, rule, match)


def ignore_file(folder: Path, text: str) -> Path:
    path = folder / "ignore.yaml"
    path.write_bytes(text.encode())
    return path


def test_equal_matches_and_whole_rules_are_ignored(tmp_path: Path) -> None:
    ignored = read_ignored(
        ignore_file(
            tmp_path,
            "- file_path: a.sql\n  matches: [010594Y9032, 'DROP TABLE  dbo.x', 0100]\n"
            "- {file_path: database/**/b?.sql, rules: [email]}\n",
        )
    )
    assert finding("010594Y9032") in ignored
    assert finding("DROP\n  TABLE dbo.x") in ignored
    assert finding("0100") in ignored
    assert finding("010594Y903") not in ignored
    assert finding("010594Y9032", "b.sql") not in ignored
    assert finding("x", "database/a/b1.sql", "email") in ignored
    assert finding("x", "database/a/b1.sql", "hetu") not in ignored


def test_a_missing_file_ignores_nothing(tmp_path: Path) -> None:
    assert finding("x") not in read_ignored(tmp_path / "none.yaml")


def test_mistakes_are_told_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_ignored(ignore_file(tmp_path, "- file_path: a\n- matches: [x]\n- file_path: [a, b]\n  rules: {a: b}\n"))
    assert caught.value.problems == (
        "ignore.yaml:1: an entry needs matches or rules",
        "ignore.yaml:2: an entry needs a file_path",
        "ignore.yaml:3: file_path must be a text",
        "ignore.yaml:4: rules must be a text or a list of texts",
    )


FOUND = [
    finding("010594-9032"),
    finding("a: b # 'c'\n\"d\"", "å b.sql", "own"),
    finding("- x", "[a]*.sql", "own"),
    finding("yes", "x\ny", "own"),
]


@pytest.mark.parametrize(
    "text",
    [
        "",
        IGNORED,
        "# mine\n- file_path: a.sql # here\n  rules:\n  - email",
        "---\n  - file_path: a.sql\n    matches:\n    - x\n\n# the end\n",
        "# c\r\n- file_path: a.sql\r\n  matches: [x]\r\n",
        "# c\n[]  # none yet\n",
        "\ufeff- file_path: a.sql\n  matches: >-\n    x\n",
    ],
)
def test_findings_are_added_behind_what_is_there(tmp_path: Path, text: str) -> None:
    path = ignore_file(tmp_path, text)
    add_to_ignored(path, FOUND)
    new = path.read_bytes().decode("utf-8-sig")
    ignored = read_ignored(path)
    assert all(each in ignored for each in FOUND)
    assert all(line in new for line in text.removeprefix("\ufeff").replace("[]  ", "").splitlines())
    assert [file.name for file in tmp_path.iterdir()] == ["ignore.yaml"]
    add_to_ignored(path, [finding("later")])
    assert finding("later") in read_ignored(path)


def test_a_list_that_cannot_be_continued_is_left_alone(tmp_path: Path) -> None:
    path = ignore_file(tmp_path, "[{file_path: a.sql, rules: [email]}]\n")
    with pytest.raises(ConfigError, match="cannot be continued"):
        add_to_ignored(path, FOUND)
    assert path.read_text() == "[{file_path: a.sql, rules: [email]}]\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_match_that_occurs_twice_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "ignore.yaml"
    add_to_ignored(path, [finding("x"), finding("x"), finding("y")])
    assert path.read_text() == "- file_path: a.sql\n  matches:\n    - x\n    - y\n"
