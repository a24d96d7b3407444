from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from runpy import run_path
from typing import TYPE_CHECKING, Any

import pytest
from invoke.program import Program
from invoke.tasks import Task
from projects import ROOT

from ahjo_tasks.actions import MODULES
from ahjo_tasks.actions.namespace import namespace
from ahjo_tasks.config.schema import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the tour is a shell script")
def test_the_tour_of_the_readme_runs_as_written(tmp_path: Path) -> None:
    (tour,) = blocks(README.read_text(encoding="utf-8"), "sh")
    script = "\n".join(line for line in tour.splitlines() if not line.startswith("pip install"))
    assert "complete-build: " in run_script(script, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the tour is a shell script")
@pytest.mark.parametrize("page", ["existing-database", "from-flyway"])
def test_the_way_from_an_existing_database_runs_as_written(tmp_path: Path, page: str) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(
            "CREATE TABLE item (id INTEGER PRIMARY KEY); CREATE VIEW items AS SELECT id FROM item;"
            "CREATE TABLE flyway_schema_history (installed_rank INTEGER PRIMARY KEY);"
        )
    (tour,) = blocks((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), "sh")
    assert "nothing to do" in run_script(tour, tmp_path)
    (revision,) = (tmp_path / "shop" / "alembic" / "versions").glob("*.py")
    assert "flyway" not in revision.read_text(encoding="utf-8")


CHANGE = """
echo "-- looked at" >> "$(ls database/views/*items.sql)"
inv plan --check || test $? -eq 5
inv deploy --non-interactive
inv plan --check
"""


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the page is a shell script")
@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
def test_a_database_on_a_server_is_taken_over_and_changed_by_the_page(target: Target, tmp_path: Path) -> None:
    backend = target.backend()
    backend["target_database_name"] = target.create_database()
    with target.connect(backend["target_database_name"]) as connection:
        connection.cursor().execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
        connection.cursor().execute("CREATE VIEW items AS SELECT id FROM item")
        connection.commit()
    (tour,) = blocks((ROOT / "docs" / "existing-database.md").read_text(encoding="utf-8"), "sh")
    tour = tour.replace('--dialect sqlite --database "$PWD/shop.db"', f"--dialect {target.name} {_flags(backend)}")
    printed = run_script(f"export {_variables(backend)}\n{tour}{CHANGE}", tmp_path)
    assert "1 changed" in printed
    assert printed.count("nothing to do") == 2


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the page is a shell script")
def test_several_projects_in_one_repository_run_as_written(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "monorepo.md").read_text(encoding="utf-8")
    printed = run_script(
        "\n".join(_as_script(*block) for block in re.findall(r"```(sh|python)\n(.*?)```", text, re.DOTALL)), tmp_path
    )
    assert "stock.complete-build: OK=" in printed
    assert "sales.deploy" in printed


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the tour is a shell script")
def test_the_fleet_of_the_docs_runs_as_written(tmp_path: Path) -> None:
    (tour,) = blocks((ROOT / "docs" / "fleets.md").read_text(encoding="utf-8"), "sh")
    shown = run_script(tour, tmp_path)
    assert "3 changed" in shown
    assert "Left to do: 0 targets of 3" in shown


def run_script(script: str, tmp_path: Path) -> str:
    """Run a shell script with our commands on its PATH; returns what it printed."""
    commands = tmp_path / "bin"
    commands.mkdir()
    # The programs of a venv that is active; Debian itself has no `python`.
    for name, options in (("inv", "-m invoke"), ("ahjo", "-m ahjo_tasks"), ("python", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {options} "$@"\n')
        (commands / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=tmp_path,
        env={**environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("number", range(2))
def test_the_python_of_the_readme_compiles(number: int) -> None:
    compile(blocks(README.read_text(encoding="utf-8"), "python")[number], "README.md", "exec")


def test_the_docs_list_every_key_as_the_settings_have_it() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page.endswith(markdown()), "run: python -m ahjo_tasks.config.schema --markdown"


def test_the_docs_name_every_action() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert MODULES
    assert [name for name in namespace(directory=ROOT).task_names if f"`{name}`" not in text] == []


NAMESPACE = namespace(directory=ROOT)
ACTIONS = {name: NAMESPACE[name] for name in NAMESPACE.task_names}
ACTIONS |= {alias: task for task in [*ACTIONS.values()] for alias in task.aliases}
CALL = re.compile(r"(?:(?<=`)|^\s*|(?<=: )|(?<=; )|(?<=&& ))(?:inv|ahjo) [^`|;\n&#]+", re.MULTILINE)
OF_THE_REPOSITORY = {name: task for name, task in run_path(str(ROOT / "tasks.py")).items() if isinstance(task, Task)}
OF_PROJECTS = {"best-seller", "nightly", "my-action"}
"""Actions that a project has of its own in the pages, with flags of their own."""
OF_AHJO = {"--project-dir", "--layout"}
"""Flags of Ahjo that docs/from-ahjo.md compares with ours."""


def texts() -> Iterator[tuple[str, str]]:
    """The pages, and the help of every action."""
    for page in [*PAGES, *sorted((ROOT / "project_template").rglob("*.md"))]:
        yield page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
    for name, task in ACTIONS.items():
        yield (
            f"inv --help {name}",
            "\n".join([inspect.getdoc(task) or "", *(a.help or "" for a in task.get_arguments())]),
        )


def strange_words(call: str) -> list[str]:
    """What a call of `inv` or `ahjo` names and there is not: an action, or flags of the actions that it names."""
    words = call.partition(" -- ")[0].split()[1:]
    names = [word.removeprefix("sales.").removeprefix("stock.") for word in words]
    there = OF_THE_REPOSITORY | ACTIONS
    actions = [there[name] for name in names if name in there]
    if OF_PROJECTS.intersection(names):
        return []
    if not actions and re.match("[a-z]", words[0]) and words[0] != "list":
        return [words[0]]
    known = set(OF_AHJO).union(core_flags(), *map(flags_of, actions))
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


def flags_of(task: Any) -> set[str]:
    names = {name for argument in task.get_arguments() for name in argument.names}
    return {f"--{spelt}" for name in names for spelt in (name, f"no-{name}", name.replace("-", "_"))}


def core_flags() -> set[str]:
    program = Program()
    arguments = [*program.core_args(), *program.task_args()]
    return {f"--{name}" for argument in arguments for name in argument.names} | {"--debug"}


def test_a_call_in_a_page_or_a_help_names_what_there_is() -> None:
    calls = [(where, call) for where, text in texts() for call in CALL.findall(text)]
    assert len(calls) > 100
    assert [(where, call, strange) for where, call in calls if (strange := strange_words(call.strip()))] == []


ADVICE = re.compile(
    r"(?:\binv|(?:(?<=: )|(?<=[`(])|(?<=\brun ))ahjo) (?!has |ACTION|\{\})[^.;:,`()\n]*(?:\.\w[^.;:,`()\n]*)*"
)
"""A command in an error, a hint or a note, with the words that follow it in its clause."""


def printed_texts() -> Iterator[tuple[str, str]]:
    """The strings of the package but for docstrings, with `{}` for what is filled in, and where they stand."""
    for path in sorted((ROOT / "ahjo_tasks").rglob("*.py")):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        parts |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            joined = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value if isinstance(part, ast.Constant) else "{}" for part in joined]
            if id(node) not in parts and isinstance(node, ast.Constant | ast.JoinedStr):
                yield f"{path.name}:{node.lineno}", "".join(map(str, texts))


def wrong_advice(command: str) -> list[str]:
    """What a command in a sentence names and there is not: its action, or flags of it."""
    words = [word.strip("'\"") for word in command.partition(" -- ")[0].split()[1:]]
    if not words:
        return []
    actions = [ACTIONS[word] for word in words if word in ACTIONS]
    known = core_flags().union(*map(flags_of, actions))
    flags = re.findall(r"(?<![\w-])--[a-z][\w-]*", " ".join(words))
    first = [words[0]] if words[0] not in ACTIONS and not words[0].startswith("-") else []
    return first + [flag for flag in flags if flag not in known]


def test_a_command_in_an_error_or_a_hint_names_what_there_is() -> None:
    commands = [(place, call) for place, text in printed_texts() for call in ADVICE.findall(text)]
    assert len(commands) > 60
    assert [(place, call, wrong) for place, call in commands if (wrong := wrong_advice(call))] == []
    assert wrong_advice("inv deply --all") == ["deply", "--all"]
    assert wrong_advice("inv deploy --everything runs all files") == ["--everything"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_bash_alone_understands_is_there_for_powershell_too(page: Path) -> None:
    found = re.findall(r"```sh\n(.*?)```\n(\n```powershell)?", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [block for block, other in found if re.search(r"^export |\$\?", block, re.MULTILINE) and not other] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_behaviour_of_the_predecessor_names_a_proof_that_there_is() -> None:
    table = (ROOT / "docs" / "sql-server.md").read_text("utf-8").partition("| behaviour | proven by |\n|---|---|\n")[2]
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    for row in table.strip().splitlines():
        named = set(re.findall(r"`(test_\w+\.py)`", row))
        assert named, row
        assert named <= tests, row


PROMISES = [ROOT / "docs" / name for name in ("security.md", "survival.md")]


@pytest.mark.parametrize("page", PROMISES, ids=lambda page: page.name)
def test_every_promise_names_a_test_that_there_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 5
    assert [name for file, name in named if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")] == []
    for table in re.findall(r"held by \|\n\|[-|]+\|\n((?:\|.*\n)+)", text):
        assert [row for row in table.splitlines() if "::test_" not in row] == []


TUTORIALS = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mssql": "sql-server"}


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: the tutorial is a shell script")
def test_the_tutorial_runs_as_written(target: Target, tmp_path: Path) -> None:
    text = (ROOT / "docs" / f"tutorial-{TUTORIALS[target.name]}.md").read_text(encoding="utf-8")
    script = "\n".join(_as_script(*block) for block in re.findall(r"```(sh|sql|python)\n(.*?)```", text, re.DOTALL))
    run_script(_on_server(script, target), tmp_path)


def _as_script(language: str, block: str) -> str:
    """The lines of a block for bash; SQL and Python are written into the file that their first line names."""
    if language != "sh":
        path = block.splitlines()[0].split()[1]
        return f"mkdir -p ./{path.rpartition('/')[0]} && cat > {path} <<'END'\n{block}END"
    return "\n".join(line for line in block.splitlines() if not line.startswith("pip install"))


def _on_server(script: str, target: Target) -> str:
    """The script with the tests' server in place of the reader's."""
    if target.url is None:
        return script
    backend = target.backend()
    script, found = re.subn(
        r"--host localhost --port \d+ --database shop --username \w+", _flags(backend).replace("\\", r"\\"), script
    )
    assert found == 1
    return script.replace("AHJO_PASSWORD=Ahjo-tutorial-1", _variables(backend))


def _flags(backend: dict[str, Any]) -> str:
    """The flags of init-project for the tests' server."""
    name, host, port = (backend.get(key) for key in ("target_database_name", "target_server_hostname", "sql_port"))
    return f"--host {host} --port {port or 1433} --database {name} --username {backend['username']}"


def _variables(backend: dict[str, Any]) -> str:
    """What no flag of init-project says, as assignments of a shell."""
    keys = {key: backend[key] for key in ("sql_dialect", "sql_driver", "sqla_url_query_map") if key in backend}
    keys["password"] = backend.get("password", "")
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()}
    return " ".join(f"AHJO_{key.upper()}={shlex.quote(text)}" for key, text in texts.items())
