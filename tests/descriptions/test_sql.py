from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahjo_tasks.database.connection import ResultSet
from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.descriptions.diff import compute_changes
from ahjo_tasks.descriptions.model import Catalog, Change, DbObject, Descriptions, objects_from_rows
from ahjo_tasks.descriptions.mssql import PROPERTIES, QUERIES, ExtendedProperties, objects_with_properties
from ahjo_tasks.descriptions.mysql import definitions, question_marks, with_comment
from ahjo_tasks.descriptions.postgresql import ObjectComments

MSSQL = ExtendedProperties(dialect("mssql"))
POSTGRESQL = ObjectComments(dialect("postgresql"))

# -- SQL Server ------------------------------------------------------------------------------------------------------

LITERAL = r"N'((?:[^']|'')*)'"
CALL = re.compile(
    rf"(?:SET @value = (?P<value>{LITERAL}(?: \+ {LITERAL})*); )?"
    rf"EXEC sys\.sp_(?P<verb>\w+)extendedproperty (?P<arguments>(?:{LITERAL}|@value|, )+)"
)

State = dict[str, dict[str, str]]


def unquoted(text: str) -> list[str]:
    return [part.replace("''", "'") for part in re.findall(LITERAL, text)]


def applied(state: State, batches: list[str]) -> State:
    """What a server would make of the batches; adding a property that exists, or changing one that does not, fails."""
    result = {key: dict(properties) for key, properties in state.items()}
    for batch in batches:
        for match in CALL.finditer(batch):
            name, *levels = unquoted(match["arguments"])
            verb = match["verb"]
            properties = result[".".join(levels[1::2])]
            assert (name in properties) == (verb != "add")
            if verb == "drop":
                del properties[name]
            else:
                properties[name] = "".join(unquoted(match["value"]))
    return result


texts = st.text(alphabet="a'\\\n\r;ж😀N", max_size=6)
properties = st.dictionaries(st.sampled_from(["Description", "Owner", "it's", "Ключ"]), texts, max_size=4)
states = st.lists(properties, min_size=1, max_size=12)


@settings(deadline=None)
@given(present=states, described=states, per_call=st.integers(min_value=1, max_value=7))
def test_the_changes_make_what_is_wanted_wherever_the_batches_end(
    present: list[dict[str, str]], described: list[dict[str, str]], per_call: int
) -> None:
    database = Catalog(
        tuple(DbObject("table", ("sales", f"t{number}"), "TABLE", held) for number, held in enumerate(present))
    )
    files = {f"sales.t{number}": held for number, held in enumerate(described[: len(present)])}
    store = ExtendedProperties(dialect("mssql"))
    store.changes_per_call = per_call  # type: ignore[misc]
    changes = compute_changes(Descriptions({"table": files}), database).changes
    batches = list(store.batches(changes))
    state = {obj.key: dict(obj.properties) for obj in database.objects}
    assert applied(state, batches) == {**state, **files}
    assert len(batches) == -(-len(changes) // per_call)


@pytest.mark.parametrize(
    ("obj", "levels"),
    [
        (DbObject("database", ()), ""),
        (DbObject("schema", ("s",)), ", N'SCHEMA', N's'"),
        (DbObject("table", ("s", "t"), "TABLE"), ", N'SCHEMA', N's', N'TABLE', N't'"),
        (DbObject("function", ("s", "a"), "AGGREGATE"), ", N'SCHEMA', N's', N'AGGREGATE', N'a'"),
        (DbObject("synonym", ("s", "a"), "SYNONYM"), ", N'SCHEMA', N's', N'SYNONYM', N'a'"),
        (DbObject("sequence", ("s", "a"), "SEQUENCE"), ", N'SCHEMA', N's', N'SEQUENCE', N'a'"),
        (DbObject("type", ("s", "y"), "TYPE"), ", N'SCHEMA', N's', N'TYPE', N'y'"),
        (DbObject("column", ("s", "v", "c"), "VIEW"), ", N'SCHEMA', N's', N'VIEW', N'v', N'COLUMN', N'c'"),
        (DbObject("trigger", ("s", "t", "g"), "TABLE"), ", N'SCHEMA', N's', N'TABLE', N't', N'TRIGGER', N'g'"),
        (DbObject("index", ("s", "t", "i"), "TABLE"), ", N'SCHEMA', N's', N'TABLE', N't', N'INDEX', N'i'"),
        (DbObject("constraint", ("s", "t", "k"), "TABLE"), ", N'SCHEMA', N's', N'TABLE', N't', N'CONSTRAINT', N'k'"),
        (
            DbObject("parameter", ("s", "p", "@a"), "PROCEDURE"),
            ", N'SCHEMA', N's', N'PROCEDURE', N'p', N'PARAMETER', N'@a'",
        ),
    ],
)
def test_each_kind_is_named_on_its_own_level(obj: DbObject, levels: str) -> None:
    assert MSSQL.statement(Change("drop", obj, "D")) == f"EXEC sys.sp_dropextendedproperty N'D'{levels}"
    assert MSSQL.statement(Change("add", obj, "D", "x'y")) == (
        f"SET @value = N'x''y'; EXEC sys.sp_addextendedproperty N'D', @value{levels}"
    )


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_backslash_before_a_line_break_is_kept(line_break: str) -> None:
    change = Change("update", DbObject("database", ()), "D", f"C:\\{line_break}next\\x")
    assert f"SET @value = N'C:\\' + N'{line_break}next\\x';" in MSSQL.statement(change)


def test_a_long_text_is_sent_in_single_bytes() -> None:
    statement = MSSQL.statement(Change("add", DbObject("database", ()), "D", "x" * 7500))
    assert statement.startswith("SET @value = 'xxx")


def test_each_kind_asks_for_the_properties_of_its_own_class() -> None:
    numbers = re.compile(r", (\d), ([\w.]+), ([\w.]+)\s+FROM")
    assert {kind: numbers.findall(f"{query} FROM") for kind, query in QUERIES.items()} == {
        "database": [("0", "0", "0")],
        "schema": [("3", "s.schema_id", "0")],
        "type": [("6", "t.user_type_id", "0")],
        "object": [("1", "o.object_id", "0")],
        "column": [("1", "i.object_id", "i.column_id")],
        "trigger": [("1", "i.object_id", "0")],
        "index": [("7", "i.object_id", "i.index_id")],
        "constraint": [("1", "i.object_id", "0")],
        "parameter": [("2", "i.object_id", "i.parameter_id")],
    }
    assert "nvarchar" in PROPERTIES


def test_properties_of_another_class_with_the_same_numbers_are_not_mixed_in() -> None:
    rows = [
        ("procedure", "s", "p", None, "PROCEDURE", 0, 1, 7, 0),
        ("column", "s", "t", "c", "TABLE", 0, 1, 7, 1),
        ("parameter", "s", "p", "@a", "PROCEDURE", 0, 2, 7, 1),
        ("index", "s", "t", "pk", "TABLE", 1, 7, 7, 1),
        ("index", "s", "t", "pk2", "TABLE", 1, 7, 7, 2),
        ("database", None, None, None, None, 0, 0, 0, 0),
    ]
    properties = [
        (1, 7, 0, "D", "p"),
        (1, 7, 1, "D", "c"),
        (2, 7, 1, "D", "@a"),
        (2, 7, 1, "E", None),
        (7, 7, 1, "D", "i"),
    ]
    assert list(objects_with_properties(rows, properties)) == [
        DbObject("procedure", ("s", "p"), "PROCEDURE", {"D": "p"}),
        DbObject("column", ("s", "t", "c"), "TABLE", {"D": "c"}),
        DbObject("parameter", ("s", "p", "@a"), "PROCEDURE", {"D": "@a", "E": ""}),
        DbObject("index", ("s", "t", "pk"), "TABLE", {"D": "i"}),
        DbObject("database", ()),
    ]


class Lacking:
    """A server of SQL Server's protocol without sys.parameters, as a connection."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(self, text: str) -> list[tuple[Any, ...]]:
        self.asked.append(text)
        return [(1, 2, 3, 4, None, 0)]

    def result_sets(self, text: str) -> list[Any]:
        self.asked.append(text)
        return [ResultSet((), [])]


def test_a_catalog_view_that_the_server_lacks_is_not_asked_for() -> None:
    connection = Lacking()
    catalog = MSSQL.read(connection, ["sales", "it's"])  # type: ignore[arg-type]
    assert catalog.missing == {"parameter": "the server has no sys.parameters"}
    assert len(connection.asked) == 2
    assert "sys.parameters" not in connection.asked[1]
    assert "s.name IN (N'sales', N'it''s')" in connection.asked[1]
    assert not catalog.ignores_case  # the server's collation tells a from A


# -- rows ------------------------------------------------------------------------------------------------------------


def test_rows_become_objects_with_their_comment() -> None:
    rows = [("function", "s", "f", None, "FUNCTION s.f()", "s.f()", "text"), ("view", "s", "v", None, "", None, None)]
    assert objects_from_rows(rows, "Description") == (
        DbObject("function", ("s", "f"), "FUNCTION s.f()", {"Description": "text"}, "s.f()"),
        DbObject("view", ("s", "v")),
    )


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "text", "expected"),
    [("add", "it's", "'it''s'"), ("update", "a\\b'", "E'a\\\\b'''"), ("drop", "", "NULL")],
)
def test_comments_are_quoted_for_every_setting(verb: str, text: str, expected: str) -> None:
    obj = DbObject("table", ("s", "t"), "TABLE s.t")
    assert POSTGRESQL.statement(Change(verb, obj, "Description", text)) == f"COMMENT ON TABLE s.t IS {expected}"


# -- MySQL -----------------------------------------------------------------------------------------------------------

SHOWN = r"""CREATE TABLE `a``(,b` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'COMMENT ''x'', \' y',
  `a,``b` varchar(20) CHARACTER SET latin1 DEFAULT 'x,)\\''
COMMENT ''z''',
  `comment` enum('COMMENT','b') NOT NULL DEFAULT 'b',
  `g` int(11) GENERATED ALWAYS AS (octet_length(concat(`a,``b`,' COMMENT \'x\' CHECK'))) VIRTUAL,
  `k` int(11) DEFAULT 3 COMMENT 'old' CHECK (`k` > 0 and `k` <> 'COMMENT'),
  `n` int(11) DEFAULT 3 CHECK (`n` > 0),
  `v` int DEFAULT '1' /*!80023 INVISIBLE */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `g` (`g`,`k`),
  CONSTRAINT `c` CHECK (`k` < 10)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='COMMENT'"""


def test_definitions_are_cut_at_their_own_commas() -> None:
    result = definitions(SHOWN)
    assert list(result) == ["id", "a,`b", "comment", "g", "k", "n", "v"]
    assert result["comment"] == "`comment` enum('COMMENT','b') NOT NULL DEFAULT 'b'"
    assert result["a,`b"].endswith("DEFAULT 'x,)\\\\''\nCOMMENT ''z'''")


def test_a_comment_is_put_where_it_may_stand() -> None:
    result = {name: with_comment(definition, "'new'") for name, definition in definitions(SHOWN).items()}
    assert result["id"] == "`id` bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'new'"
    assert result["comment"] == "`comment` enum('COMMENT','b') NOT NULL DEFAULT 'b' COMMENT 'new'"
    assert result["g"].endswith("CHECK'))) VIRTUAL COMMENT 'new'")
    assert result["k"] == "`k` int(11) DEFAULT 3 COMMENT 'new' CHECK (`k` > 0 and `k` <> 'COMMENT')"
    assert result["n"] == "`n` int(11) DEFAULT 3 COMMENT 'new' CHECK (`n` > 0)"
    assert result["v"] == "`v` int DEFAULT '1' /*!80023 INVISIBLE */ COMMENT 'new'"


@pytest.mark.parametrize(
    ("definition", "marks"),
    [
        ("`a` varchar(9) DEFAULT 'x' COMMENT 'what?'", (False, False)),
        ("`a?` varchar(9) DEFAULT 'é?'", (True, False)),
        ("`a` enum('?','b') DEFAULT 'b'", (False, True)),
        ("`a` enum('?','b') DEFAULT '?' COMMENT 'x'", (True, True)),
    ],
)
def test_question_marks_are_seen_where_a_character_may_be_lost(definition: str, marks: tuple[bool, bool]) -> None:
    assert question_marks(definition) == marks
