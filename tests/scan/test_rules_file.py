from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.scan.command import RULES
from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.rules_file import read_rules

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
        "rules.yaml:7: the pattern of own is no regular expression: missing ), unterminated subpattern at position 0",
        "rules.yaml:8: expected an entry with the keys name, filepath, pattern, schemas, objects, object_types, tables",
        "rules.yaml:10: tables: '(' is no regular expression: missing ), unterminated subpattern at position 0",
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
