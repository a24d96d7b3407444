"""The rules of the house, read from the source: who may import whom, who knows Invoke, who talks to the user."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from projects import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "ahjo_tasks"
MODULES = {path.relative_to(PACKAGE).with_suffix("").as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
LONGEST_FUNCTION = 40

FRONT = {"__init__", "__main__", "actions", "cli", "console", "library", "running"}
ENTRANCES = {"deploy/alembic_env", "packaging/entry", "workers/front", "workers/parameters"}
"""Where others come in: Alembic by its env.py, a frozen program, and the process of a worker by its own front."""

GROUND = {"dialects", "project", "session", "door", "statements", "credentials", "git"}
LAYERS = {"config": 1, "version": 0, "errors": 0, "wording": 0}
"""Ranks of the top-level modules and packages: a module imports from its own rank or a lower one."""

KNOWS_INVOKE = {
    "running/action",
    "cli/__init__",
    "cli/collection",
    "cli/front",
    "config/invoke_files",
    "running/namespace",
    "running/boundary",
    "running/command_error",
    "running/context",
    "running/flags",
    "running/mistyped",
    "running/positional",
    "running/home",
    "running/run",
    "workers/front",
}
TALKS = {
    "cli/__init__",
    "console/console",
    "config/reference",
}  # the last writes a page of the docs
SPEECH = {"print", "input", "breakpoint"}


def rank(module: str) -> int:
    """0 errors, 1 config, 2 project, dialects and session, 3 the library over them, 4 the fronts and actions."""
    top = module.split("/", maxsplit=1)[0]
    if top in FRONT or module in ENTRANCES:
        return 4
    return LAYERS.get(top, 2 if top in GROUND else 3)


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[str]:
    """What a module imports, wherever in it, except what only its annotations need."""
    for node in running(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below `if TYPE_CHECKING`."""
    yield node
    for child in ast.iter_child_nodes(node):
        checking = isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
        if not checking:
            yield from running(child)


def own(imported: str) -> str | None:
    """The module of the package that an import names, as a key of MODULES."""
    parts = imported.split(".")
    if parts[0] != "ahjo_tasks":
        return None
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[1:length])
        found = next((known for known in (name, f"{name}/__init__") if known in MODULES), None)
        if found:
            return found
    return None


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    upward = {found for name in imports(module) if (found := own(name)) and rank(found) > rank(module)}
    assert upward == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name not in KNOWS_INVOKE])
def test_only_the_front_and_the_actions_know_invoke(module: str) -> None:
    if not module.startswith("actions/"):
        assert [name for name in imports(module) if name.split(".")[0] == "invoke"] == []


@pytest.mark.parametrize("module", [name for name in MODULES if name not in TALKS])
def test_nobody_else_prints_or_asks(module: str) -> None:
    calls = [node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    assert [call.id for call in calls if isinstance(call, ast.Name) and call.id in SPEECH] == []
    asked = [call for call in calls if isinstance(call, ast.Attribute) and call.attr == "getpass"]
    assert asked == []


@pytest.mark.parametrize("module", MODULES)
def test_no_except_is_bare(module: str) -> None:
    handlers = [node for node in ast.walk(tree(module)) if isinstance(node, ast.ExceptHandler)]
    assert [handler.lineno for handler in handlers if handler.type is None] == []


@pytest.mark.parametrize("module", MODULES)
def test_functions_are_short(module: str) -> None:
    functions = [node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {
        node.name: length
        for node in functions
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_the_rules_see_what_they_look_for(tmp_path: Path) -> None:
    lines = (
        "import invoke",
        "if TYPE_CHECKING:",
        " import ahjo_tasks.cli",
        "def f():",
        " from ahjo_tasks.cli.front import run",
    )
    MODULES["sample"] = tmp_path / "sample.py"
    MODULES["sample"].write_text("\n".join(lines), encoding="utf-8")
    try:
        found = list(imports("sample"))
    finally:
        del MODULES["sample"]
    assert found == ["invoke", "ahjo_tasks.cli.front", "ahjo_tasks.cli.front.run"]
    assert own("ahjo_tasks.cli.front.run") == "cli/front"
    assert own("ahjo_tasks.dialects") == "dialects/__init__"
    assert own("sqlalchemy") is None
    assert rank("cli/front") > rank("deploy/apply") > rank("door") > rank("config/loader") > rank("errors")
