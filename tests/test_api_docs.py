"""The page about the calls for programs: its example is run, and its reference is made of the docstrings.

Run this file to print the reference.
"""

from __future__ import annotations

import inspect
import os
import pickle
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from projects import ROOT, make_project

from ahjo_tasks import api, errors
from ahjo_tasks.errors import AhjoError, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = ROOT / "docs" / "api.md"


def reference() -> str:
    """The functions with their parameters, and the options of all of them, as Markdown."""
    return "\n".join([*_functions(), "", "Options of every call:", "", *_options()]) + "\n"


def _functions() -> Iterator[str]:
    yield "| call | does |"
    yield "|---|---|"
    for name in api.__all__:
        function = getattr(api, name)
        if inspect.isfunction(function):
            shown = [
                parameter.name
                if parameter.default in {None, parameter.empty}
                else f"{parameter.name}={parameter.default!r}"
                for parameter in inspect.signature(function).parameters.values()
                if parameter.kind is not parameter.VAR_KEYWORD
            ]
            yield f"| `{name}({', '.join(shown)})` | {' '.join(inspect.getdoc(function).split())} |"  # type: ignore[union-attr]


def _parameter(parameter: inspect.Parameter) -> str:
    given = parameter.default not in {None, parameter.empty}
    return f"{parameter.name}={parameter.default!r}" if given else parameter.name


def _options() -> Iterator[str]:
    yield "| option | |"
    yield "|---|---|"
    source = inspect.getsource(api.RunOptions)
    for name, text in re.findall(r'^    (\w+): [^\n]*\n    """(.*?)"""', source, re.MULTILINE | re.DOTALL):
        yield f"| `{name}` | {' '.join(text.split())} |"


def test_the_reference_is_that_of_the_docstrings() -> None:
    assert PAGE.read_text("utf-8").endswith(reference()), "run: python tests/test_api_docs.py"


def test_the_example_runs_as_written(tmp_path: Path) -> None:
    shop = make_project(
        tmp_path / "shop", {"sql_dialect": "sqlite", "target_database_name": "a.db", "allowed_actions": "ALL"}
    )
    shop.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS one;\n")
    shop.write("tenant-1.db", "")
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines() == ["1 view []", "1/1 database/views/v.sql ok", "succeeded"]


SERVER = ServerError("no such table", "1146", 3, 7)


@pytest.mark.parametrize(
    "error",
    [
        errors.AhjoError("no", hint="try"),
        errors.UsageError("no"),
        errors.ConfigError("no", ("a: b",)),
        errors.SourceError("no", path=ROOT / "a.sql", line=3, column=4),
        errors.DeployError("no", details=("a",), outcome="b", server=SERVER, path=ROOT / "a.sql", line=3),
        errors.StatementError(SERVER, outcome="rolled back"),
        errors.ConnectionFailedError("no", missing_database=True),
        errors.LockedError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_reach_another_process_whole(error: AhjoError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert again.as_dict() == error.as_dict()
    assert error.as_dict()["exit_code"] == error.exit_code


if __name__ == "__main__":
    sys.stdout.write(reference())
