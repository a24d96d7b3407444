"""Bytes in dumps of MySQL that are no text."""

from __future__ import annotations

import pytest

from ahjo_tasks.sql.mysql_binary import encoding_hint, with_hexadecimals

HEAD = b"/*!40101 SET NAMES utf8mb4 */;\n-- it's; \xc3\xa4\n"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            rb"INSERT INTO t VALUES ('\0" + b"\xff" + rb"\\\'\n" + b"''\xe4');",
            b"INSERT INTO t VALUES (X'00ff5c270a27e4');",
        ),
        (rb"(_binary '\Z\%" + b"\x80', 'it''s \xc3\xa4')", b"(_binary X'1a5c2580', 'it''s \xc3\xa4')"),
        (b"('\xff\n\n', 1)", b"(X'ff0a0a'\n\n, 1)"),
        (b"/* it's */ (`it's`, \"it's\", '\xff') # it's\n", b"/* it's */ (`it's`, \"it's\", X'ff') # it's\n"),
        (b"/*!50001 ('\xff') */", b"/*!50001 (X'ff') */"),
    ],
)
def test_strings_that_are_no_utf_8_are_written_in_hexadecimal_digits(written: bytes, read: bytes) -> None:
    assert with_hexadecimals(HEAD + written) == HEAD + read


@pytest.mark.parametrize(
    "script",
    [
        b"INSERT INTO t VALUES ('\xe4');",
        b"/*!40101 SET NAMES latin1 */;\nINSERT INTO t VALUES ('\xe4');",
        HEAD + b"INSERT INTO t VALUES ('\xc3\xa4', 'a\\'b');",
        HEAD + b"-- \xe4",
    ],
)
def test_other_scripts_stay_as_they_are(script: bytes) -> None:
    assert with_hexadecimals(script) == script


@pytest.mark.parametrize(
    "head",
    [
        b"/*M!999999\\- enable the sandbox mode */ \n",
        b"/*!40101 SET @saved_cs_client     = @@character_set_client */;\n",
        b"INSERT INTO `t` VALUES (1);\n",
    ],
)
def test_a_dump_without_its_encoding_is_to_be_made_with_blobs_in_hexadecimal_digits(head: bytes) -> None:
    assert "--hex-blob" in (encoding_hint(head + b"INSERT INTO `t` VALUES ('\xff');") or "")


@pytest.mark.parametrize("head", [b"", b"/*!40101 SET NAMES latin1 */;\nINSERT INTO `t` VALUES (1);\n"])
def test_another_script_gets_the_usual_advice(head: bytes) -> None:
    assert encoding_hint(head + b"INSERT INTO t (a) VALUES ('\xe4');") is None
