from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cli_runner import inv, quietly
from projects import ROOT, make_project

from ahjo_tasks.actions import MODULES, package
from ahjo_tasks.cli import ahjo, frozen
from ahjo_tasks.errors import AhjoError, UsageError


def values(option: str) -> list[str]:
    given = package.options(Path("dist"), Path("work"))
    return [value for flag, value in pairwise(given) if flag == option]


def test_all_that_is_imported_by_name_or_read_as_data_goes_in() -> None:
    assert MODULES  # imported by name
    assert {"ahjo_tasks", "sqlalchemy.dialects", "alembic", "email", "xml"} <= set(values("--collect-submodules"))
    assert set(values("--collect-data")) == {"ahjo_tasks", "alembic"}
    (template,) = values("--add-data")
    assert template.endswith(":ahjo_tasks/project_template")
    assert {"csv", "decimal"} <= set(values("--hidden-import"))
    assert not {"tkinter", "idlelib"} & {*values("--hidden-import"), *values("--collect-submodules")}


def test_large_packages_go_in_only_when_they_are_asked_for() -> None:
    assert "pyarrow" in values("--exclude-module")
    given = package.options(Path("dist"), Path("work"), ["pyarrow"])
    assert given[given.index("pyarrow") - 1] == "--collect-all"


def test_a_dry_run_builds_nothing(tmp_path: Path) -> None:
    done = inv(make_project(tmp_path / "shop"), "package", "--output", str(tmp_path / "dist"), "--dry")
    assert done.code == 0
    assert "Plan: build ahjo into" in done.out
    assert not (tmp_path / "dist").exists()


def test_the_tasks_of_the_working_folder_have_no_say() -> None:
    done = quietly(lambda: ahjo(["package", "--dry"]), ROOT)
    assert "Plan: build ahjo into" in done.out


def test_what_is_missing_is_said_before_anything_is_built(tmp_path: Path) -> None:
    def only(known: str) -> Any:
        return patch.object(package, "find_spec", lambda name: object() if name == known else None)

    with only("elsewhere"), pytest.raises(UsageError, match="needs PyInstaller"):
        package.build(tmp_path)
    with only("PyInstaller"), pytest.raises(UsageError, match="--include: nowhere is not"):
        package.build(tmp_path, ["nowhere"])
    with patch.object(package.sys, "frozen", True, create=True), pytest.raises(UsageError, match="needs a Python"):
        package.build(tmp_path)


def test_a_failure_shows_what_pyinstaller_said_last(tmp_path: Path) -> None:
    with (
        patch.object(package, "_check", lambda _include: None),
        patch.object(package, "options", lambda *_: ["--no-such-option"]),
        pytest.raises(AhjoError, match="PyInstaller failed with exit code"),
    ):
        package.build(tmp_path)


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["/a/ahjo", "ahjo-scan", "--stage"], ["--stage"]),
        (["/a/ahjo-scan", "-st"], ["-st"]),
        (["C:/ahjo-scan.exe"], []),
    ],
)
def test_the_executable_is_every_command_by_its_name_or_its_first_word(words: list[str], rest: list[str]) -> None:
    called: list[list[str]] = []
    with (
        patch.object(frozen.sys, "argv", words),
        patch.dict(frozen.COMMANDS, {"ahjo-scan": lambda: called.append(frozen.sys.argv[1:])}),
    ):
        frozen.main()
    assert called == [rest]


def test_the_executable_is_ahjo_under_any_other_name(capsys: pytest.CaptureFixture[str]) -> None:
    with patch.object(frozen.sys, "argv", ["ahjo-linux-x64", "--version"]):
        frozen.main()
    assert capsys.readouterr().out.startswith("ahjo ")
