"""Comments of MySQL and MariaDB with code in them, of which a server skips some."""

from __future__ import annotations

import pytest

from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.mysql_comments import Server, without_skipped
from ahjo_tasks.sql.tokens import tokenize

MYSQL_57, MYSQL_80, MARIADB_1011 = "5.7.44-log", "8.0.36", "10.11.19-MariaDB-0+deb12u1"


@pytest.mark.parametrize(
    ("told", "server"),
    [
        (MYSQL_57, Server(is_mariadb=False, version=50744)),
        ("8.0.36-28 Percona Server", Server(is_mariadb=False, version=80036)),
        (MARIADB_1011, Server(is_mariadb=True, version=101119)),
        ("5.5.5-10.3.2-MariaDB-log", Server(is_mariadb=True, version=100302)),
        ("", Server()),
    ],
)
def test_a_server_is_known_by_the_version_that_it_tells(told: str, server: Server) -> None:
    assert Server.parse(told) == server


@pytest.mark.parametrize(
    ("opening", "readers"),
    [
        ("/*!", {MYSQL_57, MYSQL_80, MARIADB_1011, "any", "any MariaDB"}),
        ("/*!50100", {MYSQL_57, MYSQL_80, MARIADB_1011, "any", "any MariaDB"}),
        ("/*!50708", {MYSQL_57, MYSQL_80, "any"}),
        ("/*!80016", {MYSQL_80, "any"}),
        ("/*!80400", {"any"}),
        ("/*!99999", set()),
        ("/*!100100", {MARIADB_1011, "any", "any MariaDB"}),
        ("/*!110400", {"any", "any MariaDB"}),
        ("/*!999999", set()),
        ("/*M!", {MARIADB_1011, "any", "any MariaDB"}),
        ("/*M!80016", {MARIADB_1011, "any", "any MariaDB"}),
        ("/*M!99999", {MARIADB_1011, "any", "any MariaDB"}),
        ("/*M!110400", {"any", "any MariaDB"}),
        ("/*M!999999", set()),
    ],
)
def test_a_server_reads_the_comments_of_its_product_up_to_its_version(opening: str, readers: set[str]) -> None:
    servers = {told: Server.parse(told) for told in (MYSQL_57, MYSQL_80, MARIADB_1011)}
    servers |= {"any": Server(), "any MariaDB": Server(is_mariadb=True)}
    text = f"a {opening} b\n*/ c"
    read = {name: without_skipped(text, server) for name, server in servers.items()}
    assert {name for name, left in read.items() if "b" in left} == readers
    assert {left for name, left in read.items() if name not in readers} <= {f"a {' ' * len(opening)}  \n   c"}


@pytest.mark.parametrize(
    ("before", "skipped", "after"),
    [
        ("'/*!80016 a*/' ", "/*!80016 b*/", " c"),
        ("-- /*!80016 a\n", "/*!80016 b*/", " c"),
        ("/* /*!80016 a */ b", "", ""),
        ("a ", "/*!80016 b /* c */ d */", " e"),
        ("/*!50100 a ", "/*!80016 b */", " c */ d"),
        ("", "/*!80016 'a */", " b' */ c"),
        ("", "/*!80016 a", ""),
    ],
)
def test_what_a_server_skips_ends_where_it_sees_the_end(before: str, skipped: str, after: str) -> None:
    left = without_skipped(before + skipped + after, Server.parse(MARIADB_1011))
    assert left == before + " " * len(skipped) + after


@pytest.mark.parametrize("comment", ["/*!99999 b */", "/*!999999 b */", "/*M!999999 b */"])
def test_a_comment_for_no_server_is_none_of_code_for_any_reader(comment: str) -> None:
    assert [token.value for token in tokenize(f"a {comment} c", MYSQL)] == ["a", "c"]
