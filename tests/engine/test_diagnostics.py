from __future__ import annotations

import pytest

from ahjo_tasks.engine.diagnostics import excerpt, first_line
from ahjo_tasks.sql.lexer import MYSQL, POSTGRESQL, SQLITE, Syntax


def test_the_line_stands_between_its_neighbours_with_a_caret_below() -> None:
    assert excerpt("one\ntwo\n\tthree\nfour", 3, 2) == (
        "    2 | two",
        "    3 |     three",
        "      |     ^",
        "    4 | four",
    )


def test_lines_end_where_servers_end_them() -> None:
    assert excerpt("one\r\ntwo\u2028still two\x0cand still\rthree", 2, 5)[1] == "    2 | two still two and still"


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    shown = excerpt("x" * 1000 + "HERE" + "y" * 1000, 1, 1001)
    assert shown[0][shown[1].index("^") :].startswith("HERE")
    assert all(len(line) < 200 for line in shown)


def test_a_place_beyond_the_text_shows_what_there_is() -> None:
    assert excerpt("one", 1, 4) == ("    1 | one", "      |    ^")
    assert excerpt("", 3) == ()


@pytest.mark.parametrize(
    ("syntax", "text", "line"),
    [
        (SQLITE, "INSERT INTO t VALUES (1)", 1),
        (SQLITE, "-- about\r\n\r\n/* it\r\n */ INSERT INTO t VALUES (1)", 4),
        (MYSQL, "# about\n-- more\nSELECT 1", 3),
        (MYSQL, "# about\n/*!50001 CREATE VIEW v AS SELECT 1 */", 2),
        (POSTGRESQL, "/* a /* nested\n*/ one */\nSELECT 1", 3),
        (POSTGRESQL, "-- nothing but this\n-- and this", 1),
    ],
)
def test_the_first_line_with_code_is_below_the_comments(syntax: Syntax, text: str, line: int) -> None:
    assert first_line(text, syntax) == line
