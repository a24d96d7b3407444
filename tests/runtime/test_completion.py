from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, quietly
from projects import ROOT, make_project

from ahjo_tasks.actions.namespace import namespace
from ahjo_tasks.cli import ahjo

if TYPE_CHECKING:
    from projects import RunningProject

pytestmark = pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the shells that complete")

BASH = """
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
{function} x "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ : }}
compadd() {{ print -l -- ${{(P)2}} }}
words=({words})
CURRENT=$#words
{function}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> RunningProject:
    """A project with one config, and our programs on a PATH of its own."""
    project = make_project(tmp_path_factory.mktemp("completion") / "shop")
    project.configure({"allowed_actions": "ALL"}, "dev.jsonc")
    for name, module in (("inv", "invoke"), ("invoke", "invoke"), ("ahjo", "ahjo_tasks")):
        path = project.directory / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return project


def run(shop: RunningProject, shell: str, script: str) -> list[str]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    path = f"{shop.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [shell, *options, "-c", script], cwd=shop.directory, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("inv dep", ["deploy", "deploy-files"]),
        ("inv deploy --sk", ["--skip-alembic-update", "--skip-git-update", "--skip-metadata-update"]),
        ("inv deploy --con", ["--config", "--confirm-database"]),
        ("inv deploy --config dev", ["dev.jsonc"]),
        ("inv deploy --config dev.jsonc test-", ["test-connection"]),
        ("inv --help histo", ["history"]),
        ("inv test --output b", []),
        ("ahjo dep", ["deploy", "deploy-files"]),
        ("ahjo deploy ''", ["dev.jsonc"]),
        ("ahjo deploy --config ''", ["dev.jsonc"]),
        ("ahjo deploy dev.jsonc --sel", ["--select"]),
        ("ahjo deploy dev.jsonc --d", ["--debug", "--dry"]),
        ("ahjo deploy dev.jsonc database/", []),
        ("ahjo --help histo", ["history"]),
    ],
)
def test_bash_completes(shop: RunningProject, words: str, found: list[str]) -> None:
    program = words.split(maxsplit=1)[0]
    function = "_complete_ahjo" if program == "ahjo" else "_complete_invoke"
    script = f'eval "$({program} --print-completion-script bash)"' + BASH.format(words=words, function=function)
    assert run(shop, "bash", script) == found


@pytest.mark.parametrize(
    ("words", "found"), [("ahjo deploy dev.jsonc --sel", "--select"), ("ahjo deploy ''", "dev.jsonc")]
)
def test_zsh_completes(shop: RunningProject, words: str, found: str) -> None:
    head = 'compdef() { : }\neval "$(ahjo --print-completion-script zsh)"'
    assert found in run(shop, "zsh", head + ZSH.format(words=words, function="_complete_ahjo"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("inv dep", "deploy-files"),
        ("inv deploy --con", "--config"),
        ("ahjo dep", "deploy-files"),
        ("ahjo deploy de", "dev.jsonc"),
        ("ahjo deploy dev.jsonc --files bi", "bin/"),
        ("inv deploy --files bi", "bin/"),
    ],
)
def test_fish_completes(shop: RunningProject, words: str, found: str) -> None:
    assert found in fish(shop, words)


@pytest.mark.parametrize(
    ("words", "found"),
    [("ahjo deploy ", ["dev.jsonc"]), ("inv deploy --config ", ["dev.jsonc"]), ("inv test-", ["test-connection"])],
)
def test_fish_offers_files_only_where_there_is_nothing_else(shop: RunningProject, words: str, found: list[str]) -> None:
    assert fish(shop, words) == found


def fish(shop: RunningProject, words: str) -> list[str]:
    """What fish offers after the lines of the docs."""
    page = (ROOT / "docs" / "actions.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("| fish ")]
    install = dict(zip(("inv", "ahjo"), re.findall("`([^`]+)`", line.replace("\\|", "|")), strict=True))
    return run(shop, "fish", f"{install[words.split(maxsplit=1)[0]]}\ncomplete --do-complete '{words}'")


def test_another_shell_is_refused(shop: RunningProject) -> None:
    done = quietly(lambda: ahjo(["--print-completion-script", "tcsh"]), shop.directory)
    assert done.code == 2
    assert "It is one of: bash, zsh, fish." in done.err


@pytest.mark.parametrize("name", sorted(namespace(directory=ROOT).task_names))
def test_the_help_of_every_action_names_the_flags_of_every_action(shop: RunningProject, name: str) -> None:
    shown = inv(shop, "--help", name).out
    assert "--config=FILE" in shown
    assert "--dry" in shown


def test_the_help_of_ahjo_names_them_too(shop: RunningProject) -> None:
    shown = quietly(lambda: ahjo(["--help", "deploy"]), shop.directory).out
    assert "--config=FILE" in shown
    assert "--dry" in shown
