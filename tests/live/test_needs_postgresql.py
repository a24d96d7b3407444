"""What files of PostgreSQL need of each other, as the server's catalogs say it; the cases stand in the SQL file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from catalogs import empty, implied, new_database, without

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.dependencies import order_files
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.project.sql_file import SqlFile, read
from ahjo_tasks.sql.references.model import Strength

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = re.split(r"(?m)^-- =+ ", Path(__file__).with_name("needs_postgresql.sql").read_text(encoding="utf-8"))[1:]


@pytest.fixture(scope="module")
def url(open_target: Any) -> Iterator[str]:
    with open_target("postgresql") as target:
        yield new_database(target)


def files_of(case: str, folder: Path) -> list[SqlFile]:
    files = []
    for part in re.split(r"(?m)^-- ", case)[1:]:
        name, _, text = part.partition("\n")
        path = folder / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(read(path, "view", dialect("postgresql"), label=path.name))
    return files


@pytest.mark.parametrize("case", CASES, ids=[case.partition("\n")[0] for case in CASES])
def test_the_needs_are_those_of_the_catalogs(url: str, tmp_path: Path, case: str) -> None:
    files = files_of(case, tmp_path)
    ordered = order_files(files)
    needs = {
        (files[user].name, files[used].name): need.strength
        for user, others in ObjectIndex(files).needs().items()
        for used, need in others.items()
    }

    with empty(url) as database:
        for file in ordered.files:
            assert database.run(file.text) == "", file.name
            database.learn(file.name)
        true = database.edges
    missed = {edge for edge in true - implied(needs.keys()) if without(url, ordered.files, *edge)}
    certain = {edge for edge, strength in needs.items() if strength is Strength.CREATION} - true
    false = {(user, used) for user, used in certain if not without(url, files, user, used)}

    assert not ordered.notes
    assert not missed
    assert not false


BASE_TYPE = """
-- label
CREATE TYPE label (INPUT = label_in, OUTPUT = label_out, LIKE = text);
-- label_in
CREATE FUNCTION label_in(cstring) RETURNS label LANGUAGE internal IMMUTABLE STRICT AS 'textin';
-- label_out
CREATE FUNCTION label_out(label) RETURNS cstring LANGUAGE 'internal' IMMUTABLE STRICT AS 'textout';
"""


def test_functions_that_read_and_write_a_type_come_before_it(url: str, tmp_path: Path) -> None:
    files = order_files(files_of(BASE_TYPE, tmp_path)).files

    with empty(url) as database:
        assert [database.run(file.text) for file in files] == ["", "", ""]
