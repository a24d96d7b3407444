"""The site of the docs: it is built without a warning, and its reference has what the code has, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import fields
from projects import ROOT

from ahjo_tasks import namespace
from ahjo_tasks.config.schema import VARIABLES
from ahjo_tasks.config.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

TASKS = {str(name): task for name, task in namespace(directory=ROOT).tasks.items()}
KEYS = {field.encode_name for field in fields(Settings)}
CODE = re.compile(r"\bAHJO_[A-Z_]*[A-Z]\b")
SOURCES = [*(ROOT / "ahjo_tasks").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
OF_AHJO = {"AHJO_PATH"}
OF_TESTS = re.compile("AHJO_(TEST|STRICT)_")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does: a warning, such as a link that leads nowhere, is a failure."""
    folder = tmp_path_factory.mktemp("site")
    (words,) = re.findall(r"python\" -m (sphinx .*)", (ROOT / "Makefile").read_text("utf-8"))
    command = words.replace("build/doctrees", str(folder / "trees")).replace("build/docs", str(folder / "html"))
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


def codes(site: Path, page: str) -> set[str]:
    """The texts in code of a page."""
    text = (site / f"{page}.html").read_text("utf-8")
    found = re.findall(r"<code[^>]*>(.*?)</code>", text, re.DOTALL)
    return {unescape(re.sub("<[^>]+>", "", each)) for each in found}


def test_the_reference_has_every_action_and_flag_and_no_other(site: Path) -> None:
    spelled = {f"--{each}" if len(each) > 1 else f"-{each}" for task in TASKS.values() for each in names_of(task)}
    listed = codes(site, "reference-actions")
    assert set(TASKS) | spelled <= listed
    assert {code for code in listed if code.startswith("-")} - {code for code in listed if code.startswith("-- ")} <= (
        spelled | {"--config FILE", "--dry", "--debug"}
    )


def names_of(task: object) -> list[str]:
    return [
        f"no-{argument.names[0]}" if argument.kind is bool and argument.default is True else name
        for argument in task.get_arguments()  # type: ignore[attr-defined]
        for name in argument.names
    ]


def test_the_reference_has_every_key_variable_and_exit_code(site: Path) -> None:
    assert codes(site, "configuration") >= {
        key.replace("sqlalchemy_url", "sqlalchemy.url") for key in KEYS - {"sqlalchemy"}
    }
    text = (site / "reference.html").read_text("utf-8")
    assert set(VARIABLES) <= codes(site, "reference")
    assert set(re.findall(r"<td><p>(\d+)</p></td>", text)) == {"0", "1", "2", "3", "4", "5", "130"}


def test_a_variable_is_named_only_if_there_is_one() -> None:
    of_keys = {f"AHJO_{key.replace('.', '_').upper()}" for key in KEYS}
    there = of_keys | {f"{name}_FILE" for name in of_keys} | VARIABLES.keys() | OF_AHJO
    named = {name: path for path in SOURCES for name in CODE.findall(path.read_text("utf-8"))}
    assert {name: path for name, path in named.items() if name not in there and not OF_TESTS.match(name)} == {}


def test_every_page_can_be_reached_from_the_contents(site: Path) -> None:
    contents = (site / "index.html").read_text("utf-8")
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if f'href="{page}.html"' not in contents} == set()
