"""Projects of users, with what their users expect: each run of the shared field and offline cases, by their runners."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from odbc import require_driver
from shared import SHARED, needs_shared

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import URL

CASES = SHARED / "cases"
INV = Path(sys.executable).with_name("inv")

pytestmark = needs_shared


def runs(collection: str) -> list[Any]:
    """One parameter for each run that needs no person: its folder, its number in the case, and what is expected."""
    parameters = []
    for path in sorted((CASES / collection / "cases").rglob("case.toml")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        for number, run in enumerate(() if case.get("manual") else case["run"], 1):
            name = f"{path.parent.name}-{number}-{run['dialect']}"
            parameters.append(pytest.param(path.parent, number, run, id=name))
    return parameters


def runner(path: str) -> ModuleType:
    """The program that the cases come with, as a module."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, CASES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def field() -> ModuleType:
    return runner("field/run_cases.py")


@pytest.fixture(scope="session")
def offline() -> ModuleType:
    module = runner("offline/run_offline.py")
    vars(module)["INV"] = str(INV)
    return module


def address(url: URL) -> str:
    """The URL of a server as the runners read it."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


@pytest.mark.parametrize(("case", "number", "run"), runs("field"))
def test_a_project_of_a_user_ends_as_its_user_expects(
    case: Path, number: int, run: dict[str, Any], field: ModuleType, request: pytest.FixtureRequest
) -> None:
    dialect = run["dialect"]
    kinds = {"postgresql": field.PostgreSQL, "mysql": field.MySQL}
    server = kinds[dialect](address(request.getfixturevalue(f"{dialect}_url"))) if dialect in kinds else field.SQLite()
    attempt = field.Run(case, run, server, str(INV))
    reason = attempt.reason()
    assert reason is None, f"run {number}: {reason}\n{attempt.everything}"


@pytest.mark.parametrize(("case", "number", "run"), runs("offline"))
def test_a_project_is_read_as_its_server_would_read_it(
    case: Path, number: int, run: dict[str, Any], offline: ModuleType
) -> None:
    wrong = offline.outcome(case, number, run)
    if wrong is None:
        require_driver(offline.DRIVERS["mssql"])
    assert wrong == [], f"run {number}"
