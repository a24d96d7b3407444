"""Names of objects, files and databases that want to be code are names, for each action that sends or shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inside import deployed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inside import Deployed
    from targets import Target

NAMES = (
    "a\\'; DROP TABLE victim; -- ",
    'q"; DROP TABLE victim; --',
    "b]; DROP TABLE victim; --",
    "t`; DROP TABLE victim; --",
    "new\nline",
    "$(variable)",
    "%s %(x)s :p ? {0}",
    "漢字 ü",
    "esc\x1b[31m",
    "back\\",
    "-- comment",
    "/* x",
    "a;b",
    "--help",
    "<script>alert(1)</script>",
    "=1+2",
    "|x|[y](z)",
)
ODD = {
    "postgresql": "ALTER DATABASE {} SET standard_conforming_strings = off",
    "mysql": "",
}
SAID = (
    ("deploy",),
    ("plan", "--all", "--diff"),
    ("plan", "--format", "markdown"),
    ("plan", "--format", "github"),
    ("status",),
    ("drift",),
    ("history",),
    ("test",),
    ("plot-dependencies", "--format", "mermaid"),
    ("data", "--all"),
)


def hostile(live: Deployed, names: Sequence[str]) -> Deployed:
    """A view, a data file and a test of each name."""
    live.by_hand("CREATE TABLE victim (id INTEGER)")
    for name in names:
        quoted = QUOTE[live.target.name](name)
        drop = f"DROP VIEW IF EXISTS {quoted};\n" if live.target.name in {"sqlite", "mssql"} else ""
        go = "GO\n" if drop and live.target.name == "mssql" else ""
        file = name.replace("/", "_")
        live.write(f"database/views/{file}.sql", f"{drop}{go}CREATE VIEW {quoted} AS SELECT 1 AS id;\n")
        live.write(f"database/data/{file}.sql", "INSERT INTO victim VALUES (1);\n")
        live.write(f"database/tests/{file}.sql", "SELECT 'ok' AS result;\n")
    return live


QUOTE = {
    "sqlite": lambda name: '"' + name.replace('"', '""') + '"',
    "postgresql": lambda name: '"' + name.replace('"', '""') + '"',
    "mysql": lambda name: "`" + name.rstrip().replace("`", "``") + "`",
    "mssql": lambda name: "[" + name.replace("]", "]]") + "]",
}


APART = {"brackets": "]", "letters": "漢"}
"""What names have that a server that merely speaks SQL Server's protocol may not keep."""


def keeps(live: Deployed, name: str) -> bool:
    """True if a view may have this name, and has it in the catalog."""
    view = QUOTE["mssql"](name)
    if live.refusal(f"CREATE VIEW {view} AS SELECT 1 AS one"):
        return False
    live.by_hand(f"CREATE VIEW {view} AS SELECT 1 AS one")
    found = live.rows("SELECT name FROM sys.views")
    live.by_hand(f"DROP VIEW {view}")
    return (name,) in found


def chosen(live: Deployed, which: str) -> list[str]:
    """The names of a test; on SQL Server those of APART are in a test of their own, where the server has such names."""
    if live.target.name != "mssql":
        return [*NAMES]
    if which in APART and not keeps(live, APART[which]):
        pytest.skip(f"this server lacks a feature: names with {which} of all kinds")
    apart = {name: {kind for kind, part in APART.items() if part in name} for name in NAMES}
    return [name for name in NAMES if apart[name] == ({which} & APART.keys())]


@pytest.mark.parametrize(
    ("target", "which"),
    [
        *((name, "usual") for name in QUOTE),
        *((name, "odd strings") for name in ODD),
        *(("mssql", which) for which in APART),
    ],
    indirect=["target"],
)
def test_names_are_names(target: Target, tmp_path: Path, which: str) -> None:
    odd = which == "odd strings"
    live = deployed(target, tmp_path / "project", enable_scripting_variables=False)
    if odd and target.name == "postgresql":
        target.query(ODD["postgresql"].format(live.database))
    if odd and target.name == "mysql":
        mode = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"
        live.reconfigure(sqla_url_query_map={"init_command": mode})
    names = chosen(live, which)
    hostile(live, names)
    live.succeed("deploy")
    live.succeed("data")
    for command in SAID:
        done = live.succeed(*command)
        assert "\x1b" not in done.text, command
    assert "nothing to do" in live.succeed("deploy").text
    live.succeed("drop")
    assert live.rows("SELECT COUNT(*) FROM victim") == [(2 * len(names),)]


@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
@pytest.mark.parametrize("name", ["ahjo q\"]`'; --", "ahjo $(x) %s", "ahjo ü \\"])
def test_a_database_may_have_any_name(target: Target, tmp_path: Path, name: str) -> None:
    live = deployed(target, tmp_path / "project", create=False)
    live.reconfigure(target_database_name=name)
    target.remember(name)
    live.view("v", "SELECT 1 AS one")
    live.succeed("init")
    live.succeed("deploy")
    live.succeed("init")
    assert "nothing to do" not in live.succeed("deploy").text
