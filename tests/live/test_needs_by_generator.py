"""What the files of random projects need of each other, as each database says it.

AHJO_TEST_RANDOM_PROJECTS is the number of projects for each database; the suite tries a few.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from catalogs import empty, implied, new_database, without
from random_projects import PostgreSQLProject

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.dependencies import order_files
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.project.sql_file import SqlFile, read
from ahjo_tasks.sql.references.model import Strength

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

SEEDS = range(int(os.environ.get("AHJO_TEST_RANDOM_PROJECTS", "6")))
OBJECTS = 40
LEAST_PRECISION = 0.99
TEXT_BODY = "LANGUAGE sql AS"
"""Words in files whose bodies the catalogs do not take apart."""
SCHEMA = "CREATE SCHEMA"
"""The head of files that come first wherever a name or a search path has a schema."""


@pytest.fixture(scope="module")
def postgresql(open_target: Any) -> Iterator[str]:
    """The URL of an empty database."""
    with open_target("postgresql") as target:
        yield new_database(target)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_needs_of_a_random_project_are_those_of_the_catalogs(postgresql: str, tmp_path: Path, seed: int) -> None:
    with empty(postgresql) as database:
        project = PostgreSQLProject(seed, database.run)
        project.write(OBJECTS)
    files = write_files(project.files, tmp_path, "postgresql")
    ordered = order_files(files)
    needs = {
        (files[user].name, files[used].name): need.strength
        for user, others in ObjectIndex(files).needs().items()
        for used, need in others.items()
    }

    with empty(postgresql) as database:
        for file in ordered.files:
            assert database.run(file.text) == "", file.text
            database.learn(file.name)
        true = database.edges
    missed = {edge for edge in true - implied(needs) if without(postgresql, files, *edge)}
    unjudged = {file.name for file in files if TEXT_BODY in file.text or file.text.startswith(SCHEMA)}
    certain = {edge for edge, strength in needs.items() if strength is Strength.CREATION and not unjudged & {*edge}}
    false = {edge for edge in certain - true if not without(postgresql, files, *edge)}

    assert not missed, told(files, missed)
    assert len(false) <= (1 - LEAST_PRECISION) * len(certain), told(files, false)


def write_files(texts: dict[str, str], folder: Path, name: str) -> list[SqlFile]:
    files = []
    for stem, text in texts.items():
        path = folder / f"{stem}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(read(path, "view", dialect(name), label=path.name))
    return files


def told(files: list[SqlFile], edges: set[tuple[str, str]]) -> str:
    """The texts at both ends of some edges."""
    texts = {file.name: file.text for file in files}
    return "\n\n".join(f"{texts[user]}\n=> {texts[used]}" for user, used in edges)
