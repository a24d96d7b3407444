"""Nested queries whose needs the generator knows: the reader must find exactly these, in every dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.references import read_references

if TYPE_CHECKING:
    from collections.abc import Callable

RELATIONS = ["alpha", "beta", "gamma", "delta", "s.alpha", "s.beta"]
ROUTINES = ["s.total", "s.label"]
COLUMNS = ["alpha", "beta", "gamma", "delta", "x", "y"]
ALIASES = ["alpha", "beta", "q", "r", "t1", "t2"]
QUOTES = {MSSQL: "[]", POSTGRESQL: '""', MYSQL: "``", SQLITE: '""'}
DEEPEST = 4


@dataclass
class Truth:
    """The relations and routines that a query really needs."""

    relations: set[str] = field(default_factory=set)
    routines: set[str] = field(default_factory=set)


class Writer:
    """Writes queries and statements by choices that `draw` makes, and keeps the truth of each name that it writes."""

    def __init__(self, draw: st.DrawFn, syntax: Syntax) -> None:
        self.draw = draw
        self.syntax = syntax
        self.truth = Truth()

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def chance(self) -> bool:
        return self.draw(st.booleans())

    def gap(self) -> str:
        return self.one_of(" ", " ", "\n", " /* , delta */ ", " -- FROM delta\n")

    def name(self, name: str) -> str:
        opening, closing = QUOTES[self.syntax]
        parts = [f"{opening}{part}{closing}" if self.chance() else part for part in name.split(".")]
        return ".".join(parts)

    def query(self, ctes: frozenset[str], depth: int) -> str:
        choice = self.draw(st.integers(0, 5)) if depth < DEEPEST else 5
        if choice == 0:
            operator = self.one_of("UNION", "UNION ALL", "EXCEPT", "INTERSECT")
            return f"{self.select(ctes, depth + 1)} {operator} {self.select(ctes, depth + 1)}"
        return self.select(ctes, depth)

    def with_query(self, ctes: frozenset[str], depth: int) -> str:
        """A query that may begin with common table expressions."""
        if depth >= DEEPEST or not self.chance():
            return self.query(ctes, depth) + (self.ending(ctes) if depth == 0 else "")
        recursive = self.syntax in {POSTGRESQL, MYSQL} and self.chance()
        names = self.draw(st.lists(st.sampled_from(["alpha", "beta", "c1", "c2"]), min_size=1, max_size=2, unique=True))
        parts, visible = [], ctes
        for name in names:
            inner = visible
            if recursive or self.syntax in {MSSQL, SQLITE}:
                inner |= {name}
            if self.syntax is SQLITE or (self.syntax is POSTGRESQL and recursive):
                inner = visible | frozenset(names)
            columns = " (x, y)" if self.chance() else ""
            if name not in inner or self.chance():
                body = self.query(inner, depth + 1)
            else:
                body = f"SELECT 1 AS x UNION ALL SELECT x FROM {self.name(name)}, {self.source(inner, depth + 1)}"
            parts.append(f"{self.name(name)}{columns} AS{self.materialized()}{self.gap()}({body})")
            visible |= {name}
        query = self.query(visible, depth + 1) + (self.ending(visible) if depth == 0 else "")
        return f"WITH {'RECURSIVE ' * recursive}{', '.join(parts)} {query}"

    def materialized(self) -> str:
        known = self.syntax in {POSTGRESQL, SQLITE}
        return self.one_of("", " MATERIALIZED", " NOT MATERIALIZED") if known else ""

    def select(self, ctes: frozenset[str], depth: int) -> str:
        count = self.draw(st.integers(1, 3))
        items = ", ".join(self.expression(ctes, depth) + self.item_alias() for _ in range(count))
        distinct = self.one_of("", "", "DISTINCT ")
        text = f"SELECT {distinct}{items}{self.gap()}FROM {self.sources(ctes, depth)}"
        if self.chance():
            text += f" WHERE {self.condition(ctes, depth)}"
        if self.chance():
            text += f" GROUP BY {self.column()}, {self.column()}"
            if self.chance():
                text += f" HAVING {self.condition(ctes, depth)}"
        if self.syntax is not MSSQL and self.chance():
            text += f" WINDOW beta AS (PARTITION BY {self.expression(ctes, depth + 1)} ORDER BY {self.column()})"
        return text

    def ending(self, ctes: frozenset[str]) -> str:
        """The clauses behind all parts of a query, with subqueries in them."""
        text = f" ORDER BY {self.expression(ctes, 1)}, {self.column()} DESC" if self.chance() else ""
        if self.syntax is not MSSQL and self.chance():
            text += " LIMIT (SELECT 1)" if self.syntax is not MYSQL else " LIMIT 1, 2"
        return text

    def item_alias(self) -> str:
        return f" AS {self.name(self.one_of(*COLUMNS))}" if self.chance() else ""

    def sources(self, ctes: frozenset[str], depth: int) -> str:
        text = self.source(ctes, depth)
        for _ in range(self.draw(st.integers(0, 2))):
            kind = self.one_of(",", "JOIN", "LEFT JOIN", "CROSS JOIN", *self.more_joins())
            text += f"{'' if kind == ',' else ' '}{kind}{self.gap()}{self.source(ctes, depth)}"
            if kind == "JOIN" and self.syntax is not MSSQL and self.chance():
                text += " USING (alpha, x)"
            elif kind in {"JOIN", "LEFT JOIN", "FULL OUTER JOIN", "STRAIGHT_JOIN"}:
                text += f" ON {self.condition(ctes, depth)}"
        return text

    def more_joins(self) -> list[str]:
        if self.syntax is MYSQL:
            return ["STRAIGHT_JOIN", "NATURAL JOIN"]
        return ["CROSS APPLY"] if self.syntax is MSSQL else ["FULL OUTER JOIN", "NATURAL JOIN"]

    def source(self, ctes: frozenset[str], depth: int) -> str:
        choice = self.draw(st.integers(0, 5)) if depth < DEEPEST else 3
        alias = self.one_of(*ALIASES)
        if choice == 0:
            columns = " (x, y)" if self.chance() and self.syntax is not SQLITE else ""
            query = self.query if self.syntax is MSSQL else self.with_query
            return f"({query(ctes, depth + 1)}) AS {self.name(alias)}{columns}"
        if choice == 1:
            join = f"{self.source(ctes, depth + 1)} JOIN {self.source(ctes, depth + 1)}"
            return f"({join} ON {self.condition(ctes, depth + 1)})"
        if choice == 2 and self.syntax in {POSTGRESQL, MSSQL}:
            routine = self.one_of(*ROUTINES)
            self.truth.routines.add(routine)
            return f"{self.name(routine)}({self.column()}, 1) AS {self.name(alias)}"
        if choice == 4 and self.syntax in {POSTGRESQL, MYSQL}:
            return f"LATERAL ({self.query(ctes, depth + 1)}) AS {self.name(alias)}"
        if choice == 5 and self.syntax in {POSTGRESQL, MSSQL}:
            return f"(VALUES ({self.expression(ctes, depth + 1)}, 1), (2, 3)) AS {self.name(alias)} (x, y)"
        relation = self.one_of(*RELATIONS, *sorted(ctes))
        if relation not in ctes:
            self.truth.relations.add(relation)
        return self.name(relation) + self.one_of("", f" {self.name(alias)}", f" AS {self.name(alias)}")

    def column(self) -> str:
        qualifier = f"{self.one_of(*ALIASES)}." if self.chance() else ""
        return f"{qualifier}{self.one_of(*COLUMNS)}"

    def expression(self, ctes: frozenset[str], depth: int) -> str:
        choice = self.draw(st.integers(0, 7)) if depth < DEEPEST else 7
        if choice == 3 and self.syntax is POSTGRESQL:
            return f"ARRAY(SELECT {self.column()} FROM {self.sources(ctes, depth + 1)})"
        if choice == 0:
            return f"({self.query(ctes, depth + 1)})"
        if choice == 1:
            routine = self.one_of(*ROUTINES)
            self.truth.routines.add(routine)
            return f"{self.name(routine)}({self.expression(ctes, depth + 1)}, 'FROM beta, gamma')"
        if choice == 2:
            then, other = self.expression(ctes, depth + 1), self.column()
            return f"CASE WHEN {self.condition(ctes, depth + 1)} THEN {then} ELSE {other} END"
        plain = [
            self.column(),
            f"({self.column()} + 1)",
            f"SUM(x) OVER (PARTITION BY alpha ORDER BY {self.column()}, beta)",
        ]
        if self.syntax is POSTGRESQL:
            plain += ["x::alpha", "sum(x) FILTER (WHERE y > 1)"]
        if self.syntax in {POSTGRESQL, MYSQL}:
            plain.append(f"EXTRACT(YEAR FROM {self.column()})")
        return self.one_of(*plain)

    def condition(self, ctes: frozenset[str], depth: int) -> str:
        choice = self.draw(st.integers(0, 5)) if depth < DEEPEST else 4
        if choice == 5 and self.syntax is not SQLITE:
            return f"{self.column()} >= {self.one_of('ANY', 'ALL', 'SOME')} ({self.query(ctes, depth + 1)})"
        if choice == 0:
            return f"EXISTS ({self.query(ctes, depth + 1)})"
        if choice == 1:
            return f"{self.column()} NOT IN (SELECT {self.column()} FROM {self.sources(ctes, depth + 1)})"
        if choice == 2 and self.syntax in {POSTGRESQL, SQLITE}:
            return f"{self.column()} IS DISTINCT FROM {self.column()}"
        if choice == 3:
            return f"({self.condition(ctes, depth + 1)} AND {self.column()} IN (1, 2))"
        return f"{self.column()} = {self.column()}"

    def statement(self) -> str:
        """A statement that changes the rows of a table, with queries in it."""
        table = self.one_of(*RELATIONS)
        self.truth.relations.add(table)
        target, none = self.name(table), frozenset[str]()
        value, condition, source = self.expression(none, 1), self.condition(none, 1), self.source(none, 1)
        read = f"SELECT {value} FROM {source} WHERE {condition}"
        joined = f"{target} AS goal CROSS JOIN {source} WHERE {condition} AND x = {value}"
        forms = {
            POSTGRESQL: [
                f"UPDATE {target} AS goal SET x = {value} FROM {source} WHERE {condition}",
                f"DELETE FROM ONLY {target} AS goal USING {source} WHERE {condition} RETURNING {value}",
                f"INSERT INTO {target} AS goal (x) {read} ON CONFLICT (x) DO UPDATE SET y = excluded.x",
            ],
            MSSQL: [
                f"UPDATE goal SET x = 1 OUTPUT inserted.x FROM {joined}",
                f"DELETE goal FROM {joined}",
                f"DELETE FROM {target} OUTPUT deleted.x WHERE x IN ({read})",
            ],
            MYSQL: [
                f"UPDATE {target} AS goal JOIN {source} ON {condition} SET goal.x = {value}",
                f"DELETE goal FROM {joined}",
                f"INSERT INTO {target} (x) {read} ON DUPLICATE KEY UPDATE y = VALUES(x)",
                f"REPLACE INTO {target} (x, y) {read}",
            ],
            SQLITE: [
                f"UPDATE {target} AS goal SET x = {value} FROM {source} WHERE {condition}",
                f"REPLACE INTO {target} (x) {read}",
                f"INSERT INTO {target} (x) {read} ON CONFLICT (x) DO UPDATE SET y = excluded.x",
            ],
        }[self.syntax]
        if self.syntax in {POSTGRESQL, MSSQL}:
            changes = f"WHEN MATCHED THEN UPDATE SET x = {value} WHEN NOT MATCHED THEN INSERT (x, beta) VALUES (1, 2)"
            forms.append(f"MERGE INTO {target} AS goal USING {source} ON {condition} {changes};")
        return self.one_of(*forms)


@st.composite
def statements(draw: st.DrawFn, syntax: Syntax) -> tuple[str, Truth]:
    writer = Writer(draw, syntax)
    return writer.statement(), writer.truth


@st.composite
def views(draw: st.DrawFn, syntax: Syntax) -> tuple[str, Truth]:
    writer = Writer(draw, syntax)
    query = writer.with_query(frozenset(), 0)
    return f"CREATE VIEW v AS {query}", writer.truth


@pytest.mark.parametrize("syntax", [MSSQL, POSTGRESQL, MYSQL, SQLITE], ids=["mssql", "postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize("texts", [views, statements])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_needs_of_nested_queries_are_found_and_no_others(
    texts: Callable[[Syntax], st.SearchStrategy[tuple[str, Truth]]], syntax: Syntax, data: st.DataObject
) -> None:
    text, truth = data.draw(texts(syntax))
    references = read_references([text], syntax).references

    found = {".".join(reference.parts) for reference in references if reference.role == "relation"}
    called = {".".join(reference.parts) for reference in references if reference.role == "routine"}

    assert found == truth.relations, text
    assert called & set(ROUTINES) == truth.routines, text
