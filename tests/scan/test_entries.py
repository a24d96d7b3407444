from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.scan.command import IGNORED, RULES
from ahjo_tasks.scan.entries import Item, plain_items, yaml_items

PATH = Path("rules.yaml")
LINES = [
    *("- name: hetu", "- name:", "- a: [b, c d]", "- a: [b,c.*]  # it", "- a: 'b'", "- null", "-", "a: b", "- b"),
    *("  filepath:", "  filepath: database/", "  key: null", "  key: ~", "  key: b # c", "  key: b#c", "  key: b: c"),
    *("  key:  two words  ", '  key: "x/**/*.sql"', '  key: "a\\b"', "  key: (?i)\\bselect\\s+\\*", "   odd: 1"),
    *("    - a", "    - b c", "  - a", "   - a", "    - null", '    - "*.sql"', "      - deep", "    more", "", "   "),
    *("  key: |", "  key: &a b", "  key: *a", "  key: 010594-9032", "  key: 1.5", "  key: a,", "    # c", "\t- x"),
    *("- a: b\r", "\xe4", "---", "  <<: x", "# c"),
]
FORMS = ["- k: {}", "- k:\n    - {}", "- k: [{}]", "- k: [a, {}]", '- k: "{}"']


def by_yaml(text: str) -> list[Item] | None:
    """The items as PyYAML reads them, or None where it does not."""
    try:
        return list(yaml_items(text.encode(), PATH))
    except ConfigError:
        return None


@pytest.mark.parametrize("text", [RULES, IGNORED, re.sub("^# (?=- |  )", "", RULES, flags=re.MULTILINE), ""])
def test_our_samples_are_read_without_pyyaml(text: str) -> None:
    plain = plain_items(text.encode())
    assert plain is not None
    assert plain == by_yaml(text)


def test_keys_have_their_lines_and_texts() -> None:
    plain = plain_items(
        b'- name: hetu  # codes\n  filepath:\n    - database/\n\n    # and\n    - "a/*.sql"\n  schemas: [a, b]\n'
    )
    assert plain is not None
    assert [(name, value.line, value.texts) for _, pairs in plain for name, value in pairs or ()] == [
        ("name", 1, ("hetu",)),
        ("filepath", 2, ("database/", "a/*.sql")),
        ("schemas", 7, ("a", "b")),
    ]


@given(st.lists(st.sampled_from(LINES), max_size=8).map("\n".join))
def test_what_is_plain_is_what_pyyaml_reads(text: str) -> None:
    plain = plain_items(text.encode())
    if plain is not None:
        assert plain == by_yaml(text)


@given(
    st.text("ab-:[]{}#&*!|>'\"%@` ?,.\\~0", max_size=12),
    st.sampled_from(FORMS),
)
def test_a_plain_value_is_what_pyyaml_reads(value: str, form: str) -> None:
    text = form.format(value)
    plain = plain_items(text.encode())
    if plain is not None:
        assert plain == by_yaml(text)
