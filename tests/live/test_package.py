"""The executable, built once and run where there is no Python; `make package-test` does it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from projects import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    Ahjo = Callable[..., Outcome]

BUILT = "AHJO_TEST_PACKAGE"


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AHJO_TEST_PACKAGE is the path of an executable, or 1 to have one built."""
    given = os.environ.get(BUILT)
    if not given:
        pytest.skip(f"{BUILT} is not set")
    if given != "1":
        return Path(given).absolute()
    from ahjo_tasks.actions.package import build

    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def ahjo(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Ahjo:
    home = tmp_path_factory.mktemp("home")
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR") if name in os.environ}
    environ = {**kept, "HOME": str(home), "USERPROFILE": str(home), "PATH": str(home), "AHJO_NON_INTERACTIVE": "1"}

    def run(*arguments: str, directory: Path = home) -> Outcome:
        done = subprocess.run(
            [executable, *arguments],
            cwd=directory,
            env=environ,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="module")
def shop(ahjo: Ahjo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("projects")
    done = ahjo("init-project", "--name", "shop", "--dialect", "sqlite", "-ni", directory=place)
    assert done.code == 0, done.text
    assert "  ahjo complete-build dev.jsonc\n" in done.out
    done = ahjo("complete-build", "dev.jsonc", directory=place / "shop")
    assert done.code == 0, done.text
    return place / "shop"


def test_it_knows_its_version(ahjo: Ahjo) -> None:
    assert ahjo("--version").out.startswith("ahjo ")


def test_it_builds_a_project_of_its_own_template(shop: Path) -> None:
    assert (shop / "shop.db").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), "complete-build"),
        (("best-seller", "dev.jsonc"), "Product"),
        (("alembic", "dev.jsonc", "--command", "current"), "(head)"),
        (("test-connection", "dev.jsonc"), "3."),
        (("plot-dependencies", "--dialect", "sqlite", "--output", "objects.svg"), "objects.svg"),
        (("convert-config", "--file", "dev.jsonc", "--to", "yaml"), "dev.yaml"),
        (("ahjo-scan", "--init"), "Written: "),
        (("ahjo-config", "--version"), "0."),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_it_runs_actions_of_ours_and_of_the_project(
    ahjo: Ahjo, shop: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = ahjo(*arguments, directory=shop)
    assert done.code == 0, done.text
    assert said in done.out


def test_actions_may_use_all_of_the_standard_library(ahjo: Ahjo, shop: Path) -> None:
    names = "csv, decimal, email.mime.text, imaplib, statistics, tomllib, xml.etree.ElementTree, zipfile, zoneinfo"
    far = "@action\ndef far(ctx):\n    'Say so.'\n    print('far')"
    tasks = f"import {names}\nfrom ahjo_tasks import action, namespace\n\n{far}\n\nns = namespace(far)\n"
    (shop.parent / "other").mkdir()
    (shop.parent / "other" / "tasks.py").write_text(tasks, encoding="utf-8")
    done = ahjo("far", directory=shop.parent / "other")
    assert done.code == 0, done.text
    assert "far" in done.out


@pytest.mark.parametrize("driver", ["psycopg", "pymysql"])
def test_drivers_are_inside(ahjo: Ahjo, shop: Path, driver: str) -> None:
    dialect = {"psycopg": "postgresql+psycopg", "pymysql": "mysql+pymysql"}[driver]
    backend = (
        f'"allowed_actions": "ALL", "sql_dialect": "{dialect}", "target_server_hostname": "127.0.0.1", "sql_port": 1'
    )
    more = '"target_database_name": "shop", "username": "a", "password": "b", "connect_resiliently": false'
    (shop / f"{driver}.json").write_text(f'{{"BACKEND": {{{backend}, {more}}}}}', encoding="utf-8")
    done = ahjo("test-connection", f"{driver}.json", directory=shop)
    assert done.code == 1
    assert "pip install" not in done.text
    assert "Traceback" not in done.text
