from __future__ import annotations

import pytest

from ahjo_tasks.scan.alembic_calls import AlembicTableModification
from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.findings import UnreadableError


def found(text: str, path: str = "versions/a.py", **parameters: tuple[str, ...]) -> list[str]:
    rule, content = AlembicTableModification(**parameters), Content(path, text.encode())
    return [hit.match for hit in rule.find(content)] if rule.prefilter(content) else []


def test_a_match_is_the_call_in_short() -> None:
    text = "op.create_table(\n    't',\n    sa.Column('a'),\n    schema='dbo',\n)\n"
    assert found(text) == ["op.create_table('t', schema='dbo')"]
    (hit,) = AlembicTableModification().find(Content("a.py", text.encode()))
    assert text[hit.start : hit.end] == text.rstrip()


def test_each_batch_has_its_own_table_and_schema() -> None:
    text = (
        "with op.batch_alter_table('a', schema='x') as b:\n    b.drop_column('c')\n"
        "with op.batch_alter_table('d') as b:\n    b.drop_column('e')\n"
    )
    assert found(text) == ["b.drop_column('c', schema='x')", "b.drop_column('e')"]
    assert found(text, schemas=("x",)) == ["b.drop_column('c', schema='x')"]
    assert found(text, tables=("d",)) == ["b.drop_column('e')"]


def test_operations_are_known_by_what_is_imported() -> None:
    text = (
        "from alembic import op as o\nfrom alembic.op import drop_table as dt\nimport alembic\n"
        "o.drop_table('a')\ndt('b')\nalembic.op.drop_table('c')\nother.drop_table('d')\ndrop_table('e')\n"
    )
    assert found(text.replace(" as dt", "").replace("dt(", "drop_table(")) == [
        "o.drop_table('a')",
        "drop_table('b')",
        "alembic.op.drop_table('c')",
        "drop_table('e')",
    ]


def test_the_schema_may_be_a_constant_of_the_module() -> None:
    text = "S = 'dbo'\ndef upgrade():\n    op.drop_table('t', schema=S)\n"
    assert found(text, schemas=("dbo",)) == ["op.drop_table('t', schema='dbo')"]
    assert found(text, schemas=("other",)) == []


def test_a_schema_that_only_running_tells_may_be_any() -> None:
    text = "op.drop_table('t', schema=config.schema)\nop.drop_table('u', **more)\nop.drop_table('v')\n"
    assert len(found(text, schemas=("dbo",))) == 2


def test_the_table_of_a_constraint_is_the_second_name() -> None:
    text = "op.drop_constraint('fk', 't')\nop.create_foreign_key('fk', 't', 'u', ['a'], ['b'], source_schema='x')\n"
    assert found(text, tables=("t",), schemas=("x",)) == ["op.create_foreign_key('fk', 't', 'u', schema='x')"]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        ("op.execute(sa.text('drop table dbo.t'))", "op.execute('drop table dbo.t')"),
        ("op.get_bind().execute(f'drop table {s}.t')", "?.execute('drop table $(value).t')"),
        ("op.execute('create table a.b (' + columns + ')')", "op.execute('create table a.b')"),
    ],
)
def test_executed_table_statements_are_found(call: str, match: str) -> None:
    assert found(call) == [match]


@pytest.mark.parametrize(
    "call", ["op.execute('drop view dbo.t')", "op.execute(\"select 'drop table x'\")", "op.execute()"]
)
def test_other_statements_are_not(call: str) -> None:
    assert found(call) == []


def test_only_python_modules_are_read() -> None:
    assert found("op.drop_table('t')", "a.sql") == []


def test_a_module_with_mistakes_is_told_with_its_line() -> None:
    with pytest.raises(UnreadableError, match="line 2 is not Python"):
        found("x = 1\nop.drop_table('t'\n")
    with pytest.raises(UnreadableError, match="gives up"):
        found("op.drop_table(" + "-" * 100_000 + "1)")
