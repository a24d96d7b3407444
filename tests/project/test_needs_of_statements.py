"""Which files need which, by the statements of several files: as the database would refuse one without another.

A case of `needs/` is a line for each file, `name: SQL`, and the needs: `a>b` where a needs b.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.project.dependencies import order_files
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.project.sql_file import read

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = re.compile(r"^(\w+): ", re.MULTILINE)


def cases() -> Iterator[Any]:
    for path in sorted(Path(__file__).with_name("needs").glob("*.sql")):
        for case in path.read_text(encoding="utf-8").strip().split("\n\n"):
            lines, _, needs = case.rpartition("\n-->")
            names, texts = FILE.findall(lines), FILE.split(lines)[2::2]
            files = {name: text.replace("\n  ", "\n").rstrip("\n") for name, text in zip(names, texts, strict=True)}
            yield pytest.param(path.stem, files, needs, id=f"{path.stem}: {texts[0][:60].strip()}")


@pytest.mark.parametrize(("dialect", "texts", "expected"), [*cases()])
def test_files_need_what_their_statements_ask_for(
    dialect: str, texts: dict[str, str], expected: str, tmp_path: Path
) -> None:
    spoken, files = dialect_named(dialect), []
    for name, text in texts.items():
        path = tmp_path / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(read(path, "view", spoken, label=name))
    needs = ObjectIndex(files).needs()
    found = {f"{files[user].label}>{files[used].label}" for user, others in needs.items() for used in others}
    assert found == set(expected.split())
    assert order_files(files).notes == ()
