from __future__ import annotations

import pytest

from ahjo_tasks.console.masker import Masker, uncovered


def masker(*secrets: str) -> Masker:
    created = Masker()
    for secret in secrets:
        created.add(secret)
    return created


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("p@ss", "a p@ss b", "a *** b"),
        ("hunter2hunter2", "near HUNTER2hunter2'", "near ***'"),
        ("it's a secret", "VALUES ('it''s a secret')", "VALUES ('***')"),
        ("correct horse battery", "near 'correct horse ba' at line 1", "near '***' at line 1"),
        ("correct horse battery", "correct horse ba...", "***..."),
        ("correct horse battery", "se battery' at line 1", "***' at line 1"),
        ("two\nlines of it", "first: lines of it", "first: ***"),
        ("one\ttwo", "near one two", "near ***"),
        ("Some Longer\tSecret", "near some longer\nSECRET;", "near ***;"),
        ("passéword", "near passéword", "near ***"),
        ("ab", "a 'ab' and cab", "a '***' and cab"),
        ("Production2024!", "the production database", "the production database"),
        ("x", "exit=1 x", "exit=1 x"),
        ("aaaa", "aaaaaa", "***aa"),
    ],
)
def test_secrets_are_hidden_as_they_are_written(secret: str, text: str, shown: str) -> None:
    assert masker(secret).mask(text) == shown


def test_a_secret_within_another_is_hidden_with_it() -> None:
    assert masker("word", "password").mask("password word") == "*** ***"


@pytest.mark.parametrize("text", ["a se\tcr\net b", "nothing", "se\tcr\netse\tcr\net"])
def test_a_covered_text_keeps_its_length_and_its_lines(text: str) -> None:
    covered = masker("se\tcr\net").cover(text)
    assert len(covered) == len(text)
    assert [line.count("\n") for line in covered.splitlines()] == [line.count("\n") for line in text.splitlines()]
    assert "se\tcr" not in covered
    assert "cr" not in uncovered(covered)


def test_a_part_of_a_covered_text_shows_no_part_of_a_secret() -> None:
    covered = masker("hunter2hunter2").cover("password = 'hunter2hunter2'")
    assert [uncovered(covered[:end])[11:] for end in (13, 20, 27)] == ["'***", "'***", "'***'"]
