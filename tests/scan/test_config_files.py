from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.scan.command import IGNORED, RULES
from ahjo_tasks.scan.config_files import add_to_ignored, read_ignored, read_rules
from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path


def rules_file(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read_rules(rules_file(folder, text))
    assert caught.value.exit_code == 2
    return caught.value.problems


@pytest.mark.parametrize("path", ["^database/", "tests$", r".*\\.sql"])
def test_a_path_that_is_a_regular_expression_is_a_mistake(tmp_path: Path, path: str) -> None:
    (told,) = problems(tmp_path, f"- name: hetu\n  filepath:\n  - '{path}'\n")
    assert told.startswith("2: ") or ":2: " in told
    assert "is a regular expression: write a path or a glob" in told


def test_the_predecessor_s_sample_is_read(tmp_path: Path) -> None:
    text = """
- name: hetu
  filepath:
  - database/
  - alembic/versions/
- name: sql_object_modification
  filepath:
  - database/
  object_types:
  - PROCEDURE
  - TABLE
  schemas:
  - ''
  objects:
  - ''
- name: alembic_table_modification
  filepath: alembic/versions/
  schemas:
  - ''
- name: select_star
  pattern: SELECT \\*
"""
    hetu, objects, alembic, own = read_rules(rules_file(tmp_path, text))
    assert hetu.paths.entries == ("database/", "alembic/versions/")
    assert own.paths.entries == (".",)
    assert [hit.match for hit in objects.searcher.find(Content("a.sql", b"drop table a.b; drop view c"))] == [
        "drop table a.b"
    ]
    assert [hit.match for hit in own.searcher.find(Content("a.sql", b"SELECT * FROM x"))] == ["SELECT *"]
    assert [rule.secret for rule in (hetu, objects, alembic, own)] == [True, False, False, True]


def test_the_sample_of_init_is_read(tmp_path: Path) -> None:
    names = ["hetu", "email", "sql_object_modification"]
    assert [rule.name for rule in read_rules(rules_file(tmp_path, RULES))] == names
    commented = RULES.replace("\n# - ", "\n- ").replace("\n#   ", "\n  ")
    more = ["sql_insert", "alembic_table_modification", "select_star"]
    assert [rule.name for rule in read_rules(rules_file(tmp_path, commented))] == names + more


def test_a_pattern_takes_the_place_of_a_built_in_rule(tmp_path: Path) -> None:
    (rule,) = read_rules(rules_file(tmp_path, "- {name: email, pattern: a+}"))
    assert [hit.match for hit in rule.searcher.find(Content("x", b"a@b.fi caa"))] == ["a", "aa"]


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = """- name: hetu
  filepaht: database
  schemas: [a]
- filepath: x
- name: unheard_of
- name: own
  pattern: (
- just text
- name: sql_insert
  tables: ['(']
  filepath: {a: b}
- name: [a, b]
- name: email
  name: hetu
"""
    assert problems(tmp_path, text) == (
        "rules.yaml:2: there is no key 'filepaht'; did you mean filepath?",
        "rules.yaml:3: hetu takes no schemas",
        "rules.yaml:4: a rule needs a name",
        (
            "rules.yaml:5: there is no rule 'unheard_of', and it has no pattern; built in are "
            "hetu, email, sql_object_modification, sql_insert, alembic_table_modification"
        ),
        "rules.yaml:7: the pattern of own is not a regular expression: missing ), unterminated subpattern at position 0",  # noqa: E501 - one message
        "rules.yaml:8: expected an entry with the keys name, filepath, pattern, schemas, objects, object_types, tables",
        "rules.yaml:10: tables: '(' is not a regular expression: missing ), unterminated subpattern at position 0",
        "rules.yaml:11: filepath must be a text or a list of texts",
        "rules.yaml:12: name must be one text",
        "rules.yaml:14: name is given twice",
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "---\n..."])
def test_a_file_without_rules_is_a_mistake(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == ("rules.yaml:1: there is no rule in the file",)


@pytest.mark.parametrize("text", ["name: hetu", "hetu", "- name: [", "- name: hetu\n\tfilepath: x"])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"rules\.yaml"):
        read_rules(rules_file(tmp_path, text))


def test_a_missing_file_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_rules(tmp_path / "rules.yaml")
    assert caught.value.hint is not None
    assert "--init" in caught.value.hint


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
