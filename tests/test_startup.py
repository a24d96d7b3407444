"""Listing the actions loads Invoke and us; what is heavy loads inside the action that needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("sqlalchemy", "alembic", "msgspec", "yaml", "commentjson", "lark", "mako", "psycopg", "pymysql", "pyodbc")
LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded(program: str) -> set[str]:
    """The modules that a fresh Python has after the program."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}\n{LOADED}"]
    return set(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """Invoke's own modules: it takes PyYAML along where it is installed."""
    return loaded("import invoke")


@pytest.mark.parametrize("program", ["import ahjo_tasks", "from ahjo_tasks import namespace; namespace()"])
def test_listing_the_actions_loads_nothing_heavy(bare: set[str], program: str) -> None:
    ours = loaded(program) - bare

    assert [name for name in sorted(ours) if name.partition(".")[0] in HEAVY] == []


def test_the_whole_list_is_made_without_them(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("from ahjo_tasks import namespace\nns = namespace()\n", encoding="utf-8")
    program = (
        "import os; from invoke.program import Program\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "sys.stdout = open(os.devnull, 'w')\n"
        "Program().run(['inv', '--list'], exit=False)\n"
        "sys.stdout = sys.__stdout__"
    )

    assert {name.partition(".")[0] for name in loaded(program)}.isdisjoint(set(HEAVY) - {"yaml"})


def test_listing_adds_few_modules_to_those_of_invoke(bare: set[str]) -> None:
    ours = loaded("from ahjo_tasks import namespace; namespace()") - bare
    foreign = sorted(name for name in ours if not name.startswith("ahjo_tasks"))

    assert foreign == [name for name in foreign if name in sys.stdlib_module_names]
    assert len(foreign) < 10


def test_a_config_loads_only_the_parser_of_its_format(tmp_path: Path) -> None:
    jsonc, yaml = tmp_path / "dev.jsonc", tmp_path / "dev.yaml"
    jsonc.write_text('// a comment\n{"a": 1, /* b */ "c": [2,], # d\n}', encoding="utf-8")
    yaml.write_text("a: 1\n", encoding="utf-8")
    program = "from pathlib import Path; from ahjo_tasks.config.document import read; read(Path({!r}))"

    assert loaded(program.format(str(jsonc))).isdisjoint(HEAVY)
    assert loaded(program.format(str(yaml))) & set(HEAVY) == {"yaml"}
