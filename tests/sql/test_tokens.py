from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.references import read_references
from ahjo_tasks.sql.tokens import Token, bare_name, stored_name, tokenize, with_plain_names

DIALECTS = [
    pytest.param(MSSQL, id="mssql"),
    pytest.param(POSTGRESQL, id="postgresql"),
    pytest.param(MYSQL, id="mysql"),
    pytest.param(SQLITE, id="sqlite"),
]


def values(text: str, syntax: Syntax) -> list[str]:
    return [token.value for token in tokenize(text, syntax)]


def kinds(text: str, syntax: Syntax) -> list[tuple[str, str]]:
    return [(token.kind, token.value) for token in tokenize(text, syntax)]


@pytest.mark.parametrize("syntax", DIALECTS)
def test_names_marks_and_strings_come_with_their_offsets(syntax: Syntax) -> None:
    assert list(tokenize("select a.b1, 'c' = 1.5e3;", syntax)) == [
        Token("name", "select", 0),
        Token("name", "a", 7),
        Token("mark", ".", 8),
        Token("name", "b1", 9),
        Token("mark", ",", 11),
        Token("string", "c", 13),
        Token("mark", "=", 17),
        Token("mark", ";", 24),
    ]


@pytest.mark.parametrize("syntax", DIALECTS)
def test_comments_numbers_and_operators_are_skipped(syntax: Syntax) -> None:
    assert values("-- a 'b\n/* c ' */ 1 + 0x1F - 2..3 / d_\u00e5\u20ac", syntax) == ["d_\u00e5\u20ac"]


def test_a_word_of_sql_server_may_follow_a_number_without_a_blank() -> None:
    assert values("1FROM 0x1FAND 2.5e1x 3.y 4", MSSQL) == ["FROM", "ND", "x", "y"]
    assert values("1FROM", POSTGRESQL) == []
    numbers = [
        token.value for token in tokenize("1FROM 0x1F 2.5e-1x 3.y", MSSQL, numbers=True) if token.kind == "number"
    ]
    assert numbers == ["1", "0x1F", "2.5e-1", "3."]


@pytest.mark.parametrize(
    ("syntax", "text", "name"),
    [
        (MSSQL, "[a b]]c]", "a b]c"),
        (MSSQL, '"a""b"', 'a"b'),
        (POSTGRESQL, '"a""b"', 'a"b'),
        (MYSQL, "`a``b`", "a`b"),
        (SQLITE, "[a'b]", "a'b"),
        (SQLITE, "`a`", "a"),
        (SQLITE, '"a"', "a"),
    ],
)
def test_quoted_names_lose_their_quotes(syntax: Syntax, text: str, name: str) -> None:
    assert kinds(f"x.{text}.y", syntax) == [
        ("name", "x"),
        ("mark", "."),
        ("quoted", name),
        ("mark", "."),
        ("name", "y"),
    ]


@pytest.mark.parametrize(
    ("syntax", "text", "value"),
    [
        (MSSQL, "N'it''s \\'", "it's \\"),
        (POSTGRESQL, "E'it\\'s'", "it\\'s"),
        (POSTGRESQL, "'\\'", "\\"),
        (MYSQL, "'it\\'s\\n'", "it's\n"),
        (MYSQL, '"a""b"', 'a"b'),
        (SQLITE, "x'00'", "00"),
    ],
)
def test_strings_are_one_token(syntax: Syntax, text: str, value: str) -> None:
    assert kinds(f"a {text} b", syntax) == [("name", "a"), ("string", value), ("name", "b")]


def test_words_may_hold_the_signs_of_their_dialect() -> None:
    assert values("@a #b ##c d$e @@f g#h", MSSQL) == ["@a", "#b", "##c", "d$e", "@@f", "g#h"]
    assert values("a$b c::d $1", POSTGRESQL) == ["a$b", "c", "d"]
    assert values("@a b$c # d", MYSQL) == ["@a", "b$c"]
    assert values(":a @b $c", SQLITE) == [":a", "@b", "$c"]


def test_nested_comments_end_where_they_should() -> None:
    text = "a /* b /* ' */ c */ d /* /* */ e"
    assert values(text, MSSQL) == values(text, POSTGRESQL) == ["a", "d"]
    assert values("a /* b /* c */ d", SQLITE) == ["a", "d"]


def test_conditional_comments_are_read() -> None:
    assert values("/*!50001 a */ b /* c */ -- d", MYSQL) == ["a", "b"]


def test_dashes_need_a_blank_in_mysql() -> None:
    assert values("1--a\n-- b", MYSQL) == ["a"]


def test_function_bodies_are_read() -> None:
    text = "create function f() as $body$ select $$it's$$ from t -- $body no' end\n$body$ language sql"
    assert values(text, POSTGRESQL) == (
        ["create", "function", "f", "(", ")", "as", "select", "it", "s", "from", "t", "language", "sql"]
    )


def test_a_literal_in_a_body_ends_with_the_body() -> None:
    assert values("$a$ 'b $a$ c", POSTGRESQL) == ["b ", "c"]
    assert values("$a$ /* b $a$ c", POSTGRESQL) == ["c"]


def test_a_dollar_that_closes_nothing_is_skipped() -> None:
    assert values("$a$ b $c$ d", POSTGRESQL) == ["b", "d"]
    assert values("$a$ b $$ c $a$ d $$", POSTGRESQL) == ["b", "c", "d"]


@pytest.mark.parametrize("syntax", DIALECTS)
@pytest.mark.parametrize("opening", ["'", '"', "/*", "--"])
def test_what_is_never_closed_ends_with_the_text(syntax: Syntax, opening: str) -> None:
    assert values(f"a {opening}b", syntax) in (["a", "b"], ["a"])


PIECES = ["'", '"', "`", "[", "]", "/*", "*/", "--", "#", "$$", "$a$", "$", "\\", "\n", " ", "a", "1", ".", "E'", "N"]


@pytest.mark.parametrize("syntax", DIALECTS)
@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_tokens_rise_and_stand_where_they_say(syntax: Syntax, text: str) -> None:
    behind = 0
    for kind, value, offset in tokenize(text, syntax):
        assert offset >= behind
        assert kind not in {"name", "mark"} or text.startswith(value, offset)
        assert value or kind in {"quoted", "string"}
        behind = offset + max(len(value), 1)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Short", "Short"),
        ("x" * 63, "x" * 63),
        ("x" * 64, "x" * 63),
        ("ä" * 31, "ä" * 31),
        ("ä" * 32, "ä" * 31),  # the last letter would be cut in two
        ("漢" * 22, "漢" * 21),
    ],
)
def test_postgresql_stores_the_whole_letters_of_63_bytes(name: str, stored: str) -> None:
    assert stored_name(name, POSTGRESQL) == stored
    assert bare_name(name, POSTGRESQL) == stored.replace("S", "s")
    assert stored_name(name, MYSQL) == name


def written_in_codes(name: str, escape: str, forms: list[int]) -> str:
    """Write each letter of a name as PostgreSQL's U&"..." may: itself, by four digits or by six."""
    parts = []
    for letter, form in zip(name, forms, strict=True):
        code = ord(letter)
        plain = {escape: escape * 2, '"': '""'}.get(letter, letter)
        parts.append((plain, f"{escape}{code:04X}" if code < 0x10000 else plain, f"{escape}+{code:06x}")[form])
    return f'U&"{"".join(parts)}"' + (f" UESCAPE '{escape}'" if escape != "\\" else "")


@given(
    name=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8),
    escape=st.sampled_from("\\!#"),
    data=st.data(),
)
def test_a_name_in_unicode_escapes_is_read_as_the_server_does(name: str, escape: str, data: st.DataObject) -> None:
    forms = data.draw(st.lists(st.integers(0, 2), min_size=len(name), max_size=len(name)))
    text = f"CREATE VIEW s.{written_in_codes(name, escape, forms)} AS SELECT 1 FROM t"
    assert len(with_plain_names(text, POSTGRESQL)) == len(text)
    (made,) = read_references([text], POSTGRESQL).definitions
    assert made.name.name == stored_name(name, POSTGRESQL)
    assert values(text, POSTGRESQL)[:6] == ["CREATE", "VIEW", "s", ".", name, "AS"]


def test_two_codes_of_one_letter_are_that_letter() -> None:
    assert values('U&"\\D83D\\DE00"', POSTGRESQL) == ["\U0001f600"]
