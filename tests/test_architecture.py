"""The packages and who may import whom, who knows Invoke, who prints, and how long a function may be."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from projects import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "ahjo_tasks"
LONGEST_FUNCTION = 40

ORDER = (
    {"errors", "events", "version"},
    {"utils", "git", "topology"},
    {"config"},
    {"sql"},
    {"database"},
    {"console"},
    {"project"},
    {"data", "history"},
    {"engine"},
    {"scan", "descriptions", "testing", "fleet"},
    {"runtime"},
    {"api"},
    {"actions"},
    {"library"},
    {"cli", "alembic_env", "__init__"},
    {"__main__"},
)
"""Packages and modules, lowest first: each imports only from those before it, annotations included."""

SCAN_MAY_IMPORT = {"sql", "console", "config", "errors", "utils", "git", "version", "scan"}
"""A git hook scans before each commit: it does not wait for Invoke or SQLAlchemy."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


MODULES = dict(sources())


def imported(tree: ast.Module) -> Iterator[str]:
    """Every imported module, wherever the import stands; a name that is imported from one follows it after a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    """The module of this package that an import means."""
    parts = name.split(".")
    if parts[0] != "ahjo_tasks":
        return None
    candidates = (".".join(parts[1:length]) for length in range(len(parts), 1, -1))
    return next((module for module in candidates if module in MODULES), "__init__")


def imports() -> Iterator[tuple[str, str]]:
    for module, tree in MODULES.items():
        yield from ((module, other) for name in imported(tree) if (other := own(name)) and other != module)


def top(module: str) -> str:
    return module.partition(".")[0]


def test_each_package_imports_only_from_those_below() -> None:
    rank = {name: number for number, names in enumerate(ORDER) for name in names}
    assert {top(module) for module in MODULES} == set(rank)
    assert [
        pair
        for pair in imports()
        if top(pair[0]) != top(pair[1]) and rank[top(pair[1])] >= rank[top(pair[0])] and pair[1] != "__init__"
    ] == []


def test_no_module_imports_itself_through_others() -> None:
    graph: dict[str, set[str]] = {}
    for module, other in imports():
        if not module.startswith(f"{other}."):
            graph.setdefault(module, set()).add(other)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_a_scan_loads_little() -> None:
    assert [pair for pair in imports() if top(pair[0]) == "scan" and top(pair[1]) not in SCAN_MAY_IMPORT] == []


def test_only_runtime_actions_and_cli_know_invoke() -> None:
    knowing = {top(module) for module, tree in MODULES.items() for name in imported(tree) if top(name) == "invoke"}
    assert knowing <= {"runtime", "actions", "cli"}


def test_only_the_console_prints() -> None:
    printing = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "input"}
    }
    assert printing <= {"console.console", "cli"}


MAY_NAME_A_DIALECT = {
    "actions.deploy",  # marks in the help of what SQL Server alone has, shown before any dialect is loaded
    "actions.security",
    "config.schema",  # what editors offer as values of `sql_dialect`
    "config.settings",  # the default of `sql_dialect`
    "config.validate",  # which keys are required, found out below the dialects
}


def test_no_dialect_is_named_outside_of_the_dialects() -> None:
    naming = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node.value in {"mssql", "postgresql", "mysql", "mariadb", "sqlite"}
        and not module.startswith("database.dialects")
    }
    assert naming == MAY_NAME_A_DIALECT


def test_functions_are_short_and_no_except_is_bare() -> None:
    nodes = [(module, node) for module, tree in MODULES.items() for node in ast.walk(tree)]
    long = [
        f"{module}.{node.name}"
        for module, node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
    ]
    bare = [module for module, node in nodes if isinstance(node, ast.ExceptHandler) and node.type is None]
    assert (long, bare) == ([], [])


def test_imports_are_seen_wherever_they_stand() -> None:
    lines = (
        "import invoke",
        "if TYPE_CHECKING:",
        " from ahjo_tasks.cli.arguments import run",
        "def f():",
        " import ahjo_tasks.sql",
    )
    assert list(imported(ast.parse("\n".join(lines)))) == ["invoke", "ahjo_tasks.cli.arguments.run", "ahjo_tasks.sql"]
    assert [own(name) for name in ("ahjo_tasks.cli.arguments.run", "ahjo_tasks.sql", "sqlalchemy")] == [
        "cli.arguments",
        "sql",
        None,
    ]


def test_no_group_is_repeated_possessively_without_an_empty_alternative() -> None:
    """Python before 3.11.5, which Debian 12 has, leaves the position of the iteration that failed (gh-106052)."""
    group = re.compile(r"(?<!\|)(?<!\\)\)(?:[*?]|\{[\d,]+\})\+|(?<!\\)\)\+\+|\bGAP\}[*?+]\+")
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if group.search(line)
    ]
    assert found == []


RIDDLE = re.compile(r"(?:What|Where|How|Whether|Which|Who|Why|When)\b")


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    texts = [
        (module, statement.value.value)
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        for statement in (node.body if isinstance(getattr(node, "body", None), list) else ())  # type: ignore[attr-defined]
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ]
    assert [text for text in texts if RIDDLE.match(text[1].strip())] == []
