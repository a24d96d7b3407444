"""Whatever stands in a file, it is read or refused with a message for a user: no traceback, nothing without an end.

AHJO_TEST_EXAMPLES says how many examples of each are tried.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ahjo_tasks.config.convert.json_format import read_json
from ahjo_tasks.config.convert.yaml_format import read_yaml
from ahjo_tasks.config.loader import load
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.data.table_file import TableFile, options_for
from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.descriptions.files import read_files
from ahjo_tasks.engine.saved_plan import read_plan
from ahjo_tasks.errors import AhjoError, SourceError
from ahjo_tasks.fleet.project_list import read_project_list
from ahjo_tasks.fleet.upgrade_path import read_upgrade_file
from ahjo_tasks.project.sql_file import decode, read, read_for_sqlcmd
from ahjo_tasks.scan.config_files import read_ignored, read_rules
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.references import read_references, read_row_statements

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = settings(max_examples=int(os.environ.get("AHJO_TEST_EXAMPLES", "100")))
DIALECTS = ("mssql", "postgresql", "mysql", "sqlite")
WORDS = (
    *(
        "select 1",
        "create view v as",
        "create table t (id int)",
        "begin",
        "end",
        "as",
        "go",
        "GO 2",
        ";",
        "''",
        "'a;b'",
    ),
    *(
        "'",
        '"',
        "`",
        "[",
        "]",
        "$$",
        "$x$",
        "$x",
        "/*",
        "*/",
        "--",
        "-- x\n",
        "#",
        "\\",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "\0",
    ),
    *("delimiter //", "//", "copy t from stdin;\n", "\\.\n", "1\t2\n", "E'\\''", "N'x'", "q'[", "/*!50001 ", "{", "}"),
    *(
        "$(x)",
        "$(",
        ")",
        ":r a.sql",
        ":setvar x 1",
        "\\restrict x",
        "\\i x",
        "{{",
        "\ufeff",
        "\u2028",
        "é",
        "漢",
        "\x1b[31m",
    ),
    *(
        "-- transaction: off\n",
        "-- run: once\n",
        "-- depends: a, b\n",
        "insert into t values (1)",
        "(",
        ",",
        "create or",
    ),
    *(
        "replace",
        "function f() returns int",
        "language sql",
        "trigger t on t after insert",
        "with x as (",
        "begin atomic",
    ),
    *(
        "call p()",
        "drop view v",
        "alter",
        "union all",
        "from",
        "join",
        "s.",
        "::int",
        "?",
        "%s",
        ":x",
        "0x",
        "1e",
        "..",
    ),
)
SOUP = st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=30).map("".join)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(
    [*Settings.__struct_fields__, *("BACKEND", "UI", "LOCAL", "projects", "path", "depends", "name", "pattern", "file")]
) | st.text(max_size=8)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)


def ways(document: Any) -> list[bytes]:
    """A document as files have it."""
    text = json.dumps(document, default=str)
    with suppress(yaml.YAMLError, ValueError):
        return [text.encode(), yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass")]
    return [text.encode()]


FILES = (
    st.binary(max_size=200)
    | SOUP.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | DOCUMENTS.flatmap(lambda document: st.sampled_from(ways(document)))
    | st.dictionaries(NAMES, DOCUMENTS, max_size=6).flatmap(
        lambda keys: st.sampled_from([*ways({"BACKEND": keys}), *ways(keys), *ways([keys])])
    )
)


@cache
def folder() -> Path:
    """A folder of this process, which is emptied by none: each file in it is written anew."""
    return Path(tempfile.mkdtemp(prefix="ahjo-hostile-"))


def a_config(path: Path) -> None:
    _ = load(path, environ={}).settings


def a_csv(path: Path) -> None:
    file = TableFile(path, path.name, "data", options_for(path, {}))
    for chunk in file.chunks():
        assert all(len(row) == len(file.columns) for row in chunk.rows)


def load_options(path: Path) -> None:
    options_for(path.with_suffix("").with_suffix(".csv"), {})


def a_converted_json(path: Path) -> None:
    read_json(path.read_bytes().decode("utf-8", "replace"), path.name)


def a_converted_yaml(path: Path) -> None:
    read_yaml(path.read_bytes().decode("utf-8", "replace"), path.name)


READERS: list[tuple[str, Callable[[Path], object]]] = [
    ("dev.json", a_config),
    ("dev.jsonc", a_config),
    ("dev.yaml", a_config),
    ("dev.json", a_converted_json),
    ("dev.yaml", a_converted_yaml),
    ("plan.json", lambda path: read_plan(str(path))),
    ("t.csv", a_csv),
    ("t.load.yaml", load_options),
    ("projects.yaml", read_project_list),
    ("upgrade.jsonc", read_upgrade_file),
    ("rules.yaml", read_rules),
    ("ignored.yaml", read_ignored),
    ("descriptions/table.json", lambda path: read_files(path.parent)),
    ("a.sql", decode),
    ("a.sql", lambda path: read_for_sqlcmd(path, "view", dialect("mssql"), label="a.sql")),
]


@pytest.mark.parametrize(
    ("name", "reader"), READERS, ids=[f"{name}-{number}" for number, (name, _read) in enumerate(READERS)]
)
@given(content=FILES)
@MANY
def test_a_file_of_any_content_is_read_or_refused(name: str, reader: Callable[[Path], object], content: bytes) -> None:
    path = folder() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with suppress(AhjoError):
        reader(path)
    path.unlink()


@pytest.mark.parametrize("name", DIALECTS)
@given(text=SOUP)
@MANY
def test_the_pieces_of_a_script_stand_in_it_in_their_order(name: str, text: str) -> None:
    splitter = dialect(name).splitter
    try:
        batches = list(splitter.split(text))
    except SourceError:
        return
    # A byte order mark between words is left out, one in a string stays.
    place, text = 0, text.replace("\ufeff", "")
    for batch in batches:
        piece = batch.text.replace("\ufeff", "")
        found = text.find(piece, place)
        assert found >= 0 or rewritten(piece), (batch, text)
        place = found + len(piece) if found >= 0 else place
        assert batch.line >= 1
        assert batch.column >= 1


def rewritten(piece: str) -> bool:
    """A piece that is not text of the script alone: a comment that stood behind its delimiter goes with it."""
    return "--" in piece or "#" in piece or "/*" in piece


@pytest.mark.parametrize("name", DIALECTS)
@given(text=SOUP)
@MANY
def test_all_that_is_read_from_a_script_is_read_or_refused(name: str, text: str) -> None:
    path = folder() / "a.sql"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(AhjoError):
        file = read(path, "view", dialect(name), label="a.sql", variables={})
        for attribute in (
            "names",
            "definitions",
            "defines_only",
            "gives_rights",
            "written",
            "updated",
            "keys",
            "brought",
        ):
            getattr(file, attribute)
        for attribute in ("warnings", "transactional", "transaction_control", "run_rule", "rolls_back", "depends"):
            getattr(file, attribute)


@pytest.mark.parametrize("syntax", [MSSQL, MYSQL, POSTGRESQL, SQLITE], ids=DIALECTS)
@given(text=SOUP)
@MANY
def test_references_of_any_text_are_found_without_an_error(syntax: Syntax, text: str) -> None:
    read_references([text], syntax)
    read_row_statements([text], syntax)
