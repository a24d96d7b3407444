from __future__ import annotations

import math
from typing import Any, cast

import pytest

from ahjo_tasks.data import column_values, column_values_mysql, column_values_sqlite
from ahjo_tasks.data.table import Column
from ahjo_tasks.data.writers_mssql import MSSQLWriter

REFUSED = ValueError


def converted(convert: Any, value: object) -> object:
    try:
        return convert(value)
    except ValueError:
        return REFUSED


@pytest.mark.parametrize(
    ("declared", "value", "stored"),
    [
        ("boolean", "true", 1),
        ("boolean", "F", 0),
        ("bool", "Yes", 1),
        ("bit", "off", 0),
        ("boolean", "1", 1),
        ("boolean", True, 1),
        ("boolean", None, None),
        ("boolean", "maybe", REFUSED),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", "2023-02-29", REFUSED),
        ("date", "31.1.2024", REFUSED),
        ("date", "tomorrow", REFUSED),
        ("date", "", REFUSED),
        ("date", None, None),
        ("datetime", "2024-01-31T10:00:00.5Z", "2024-01-31T10:00:00.5Z"),
        ("timestamp", "2024-01-31 10:00:00+02", "2024-01-31 10:00:00+02"),
        ("datetime", "1706659200", "1706659200"),
        ("time", "10:00", "10:00"),
        ("time", "ten", REFUSED),
        ("boolean", "", REFUSED),
        ("integer", "007", 7),
        ("integer", "1.0", 1),
        ("integer", "1.5", REFUSED),
        ("integer", "1_000", REFUSED),
        ("integer", "٣", REFUSED),
        ("integer", "0x10", REFUSED),
        ("bigint", "9223372036854775807", 9223372036854775807),
        ("unsigned big int", "9223372036854775808", REFUSED),
        ("real", "0.1", 0.1),
        ("double precision", "-Infinity", -math.inf),
        ("float", math.nan, REFUSED),
        ("decimal(20,2)", "0.30000000000000004", 0.30000000000000004),
        ("decimal(20,2)", "12345678901234567890.12", REFUSED),
        ("numeric", "12345678901234567", 12345678901234567),
        ("numeric(30)", "123456789012345678901234567890", REFUSED),
        ("varchar(5)", "007", "007"),
        ("text", "", ""),
        ("uuid", "1e3", REFUSED),
        ("string", "007", REFUSED),
        ("string", "7", "7"),
        ("blob", "0x00ff", b"\x00\xff"),
        ("varbinary(4)", "0x00ff", b"\x00\xff"),
        ("", "007", "007"),
    ],
)
def test_sqlite_gets_what_other_databases_would_store(declared: str, value: object, stored: object) -> None:
    result = converted(column_values_sqlite.converter_of(declared), value)
    assert (type(result), result) == (type(stored), stored)


@pytest.mark.parametrize(
    ("column_type", "declared", "value", "stored"),
    [
        ("tinyint", "tinyint(1)", "true", 1),
        ("tinyint", "tinyint(1)", "2", "2"),
        ("tinyint", "tinyint(4)", "1.5", REFUSED),
        ("int", "int(11)", "2.0", "2.0"),
        ("bigint", "bigint(20) unsigned", "18446744073709551615", "18446744073709551615"),
        ("int", "int", 1.5, REFUSED),
        ("bit", "bit(1)", "true", 1),
        ("bit", "bit(1)", "0x01", b"\x01"),
        ("bit", "bit(3)", "101", 5),
        ("bit", "bit(3)", "b'11'", 3),
        ("bit", "bit(8)", "200", 200),
        ("bit", "bit(8)", "two", REFUSED),
        ("enum", "enum('a','2')", "2", "2"),
        ("enum", "enum('a','b')", "2", REFUSED),
        ("enum", "enum('it''s')", "it's", "it's"),
        ("set", "set('a','b')", "3", REFUSED),
        ("set", "set('a','b')", "a,b", "a,b"),
        ("enum", "enum('a')", None, None),
    ],
)
def test_mysql_gets_what_the_text_says(column_type: str, declared: str, value: object, stored: object) -> None:
    convert = column_values_mysql.converter_of(Column("c", "`c`", column_type, declared))
    assert converted(convert, value) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("POINT(1 2)", "000000000101000000000000000000f03f0000000000000040"),
        ("srid=1; point ( 1.0 2e0 )", "010000000101000000000000000000f03f0000000000000040"),
        ("GEOMETRYCOLLECTION EMPTY", "00000000010700000000000000"),
        ("0x00ff", "00ff"),
    ],
)
def test_mysql_gets_a_geometry_for_its_text(text: str, stored: str) -> None:
    convert = column_values_mysql.converter_of(Column("g", "`g`", "geometry", "geometry"))
    assert converted(convert, text) == bytes.fromhex(stored)


@pytest.mark.parametrize(
    "text",
    [
        *("", "POINT", "POINT(1)", "POINT(1 2", "POINT(1 2))", "POINT(1 2, 3 4)", "POINT(1,2)", "POINT(1 2 3)"),
        *("CIRCLE(1 2)", "LINESTRING((0 0), (1 1))", "POINT(1 2) x", "POINT(a b)", "GEOMETRYCOLLECTION(1 2)", "(1 2)"),
    ],
)
def test_mysql_gets_no_geometry_for_what_is_none(text: str) -> None:
    assert converted(column_values_mysql.geometry, text) is REFUSED


def test_mysql_leaves_other_types_to_the_server() -> None:
    assert column_values_mysql.converter_of(Column("c", "`c`", "varchar", "varchar(9)")) is None


@pytest.mark.parametrize(
    ("value", "stored"), [("TRUE", 1), ("n", 0), ("1", 1), (False, 0), (None, None), ("2", REFUSED), ("", REFUSED)]
)
def test_a_bit_of_sql_server_is_true_or_false(value: object, stored: object) -> None:
    assert converted(column_values.boolean, value) == stored


@pytest.mark.parametrize(
    ("column_type", "value", "stored"),
    [
        ("_int4", "[1, 2]", ["1", "2"]),
        ("_numeric", "[1, 2.5, null]", ["1", "2.5", None]),
        ("_int4", [[1, 2], [3, 4]], [["1", "2"], ["3", "4"]]),
        ("_bool", "[true, false]", ["1", "0"]),
        ("_jsonb", '[{"a": [1]}, [1], "s", null]', ['{"a": [1]}', "[1]", '"s"', None]),
        ("_int4", "[0:1]={1,2}", "[0:1]={1,2}"),
        ("_text", '["a", null]', ["a", None]),
        ("_text", "[a", REFUSED),
        ("_bytea", '["0x00ff"]', [b"\x00\xff"]),
        ("jsonb", "[1, 2]", "[1, 2]"),
        ("integer", "", REFUSED),
        ("text", "", ""),
    ],
)
def test_lists_and_literals_of_postgresql(column_type: str, value: object, stored: object) -> None:
    assert converted(column_values.converter_for(column_type, {"bytea", "_bytea"}), value) == stored


@pytest.mark.parametrize(
    ("code_page", "value", "stored"),
    [("1252", "Åbo €", "Åbo €"), ("1252", "漢", REFUSED), ("932", "漢", "漢"), ("65001", "漢", "漢"), ("", "漢", "漢")],
)
def test_a_letter_that_a_varchar_of_sql_server_does_not_have_is_refused(
    code_page: str, value: str, stored: object
) -> None:
    writer = MSSQLWriter(cast("Any", None))
    assert converted(writer.converter(Column("c", "[c]", "varchar", code_page=code_page)), value) == stored
