"""The action plot-dependencies, which draws the dependency graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from ahjo_tasks.project.plot.graph import Graph
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext

SUFFIXES = {
    ".txt": "text",
    ".mmd": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
}
FORMATS = tuple(dict.fromkeys(SUFFIXES.values()))
DRAWN = frozenset({"svg", "html"})


@action(
    reads=True,
    auto_shortflags=False,
    iterable=["files", "object"],
    help={
        "format": "text, mermaid, dot, svg or html; by default by the suffix of --output.",
        "output": "The file, which is replaced; svg and html are files by default, the others are shown.",
        "object": "Only this object or file and what it is connected with; repeat for more.",
        "direction": "With --object: up for what it needs, down for what needs it; both by default.",
        "files": "A SQL file or folder in place of all; repeat for more.",
        "dialect": "mssql, postgresql, mysql or sqlite; by default the one of the config.",
    },
)
def plot_dependencies(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    format: str = "",  # noqa: A002 - the flag's name
    output: str = "",
    object: list[str] | None = None,  # noqa: A002 - likewise
    direction: str = "both",
    files: list[str] | None = None,
    dialect: str = "",
) -> None:
    """Draw which object needs which.

    Needs no database, and no config where --dialect is given. Circular
    dependencies are marked. Objects without any dependency are left out, unless
    --object names one.
    """
    kind = _format(format, output, direction)
    if not output and kind not in DRAWN:
        ctx.console.machine()
    graph = _graph(ctx, _files(ctx, files or [], dialect), object or [], direction)
    target = output or (f"dependencies.{kind}" if kind in DRAWN else "")
    objects = pluralize(len(graph.nodes), "object")
    if ctx.dry_run and target:
        ctx.console.print(f"  Plan: draw {objects} in {target} (dry run: nothing is written)")
        return
    drawn = _drawn(graph, kind, ctx.project.directory.name)
    if not target:
        ctx.console.raw(drawn.rstrip("\n"))
        return
    _write(Path(target), drawn)
    ctx.console.print(f"  Wrote {objects} and {pluralize(len(graph.edges), 'dependency')} to {target}")
    if graph.cycles:
        ctx.console.warning(f"{pluralize(len(graph.cycles), 'circular dependency')}.")


def _format(given: str, output: str, direction: str) -> str:
    from ahjo_tasks.project.plot.graph import DIRECTIONS

    if direction not in DIRECTIONS:
        raise UsageError(f"--direction: {direction!r} is not one of {', '.join(DIRECTIONS)}.")
    if given and given not in FORMATS:
        raise UsageError(f"--format: {given!r} is not one of {', '.join(FORMATS)}.")
    if given or not output:
        return given or "text"
    suffix = Path(output).suffix.lower()
    if suffix and suffix not in SUFFIXES:
        raise UsageError(
            f"--output: {output!r} has no suffix of a format: {', '.join(SUFFIXES)}.",
            hint="For PNG: inv plot-dependencies --format dot | dot -Tpng > graph.png" if suffix == ".png" else None,
        )
    return SUFFIXES.get(suffix, "text")


def _files(ctx: ActionContext, named: list[str], dialect: str) -> list[SqlFile]:
    from ahjo_tasks.database.dialects import dialect as dialect_named
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.kinds import OBJECTS, STRUCTURE

    project = ProjectFiles(ctx.project.directory, dialect_named(dialect)) if dialect else ctx.project.files
    variables = ctx.settings.scripting_variables if ctx.project.has_config else None
    if named:
        return project.read_named(named, variables)
    kinds = [kind for kind in (*STRUCTURE, *OBJECTS) if kind not in project.dialect.unsupported_kinds]
    return project.read(kinds, variables)


def _graph(ctx: ActionContext, files: list[SqlFile], objects: list[str], direction: str) -> Graph:
    from ahjo_tasks.project.plot.graph import find_nodes, graph_of

    graph = graph_of(files)
    if objects:
        fold = files[0].dialect.normalize_name if files else str
        return graph.around([node for name in objects for node in find_nodes(graph, name, fold)], direction)
    connected = graph.connected()
    separate = len(graph.nodes) - len(connected.nodes)
    if separate:
        ctx.console.info(f"{separate} of {len(graph.nodes)} objects left out: they have no dependencies.")
    return connected


def _drawn(graph: Graph, kind: str, project: str) -> str:
    from ahjo_tasks.project.plot import formats

    if kind == "html":
        return formats.as_html(graph, f"Dependencies of {project}")
    writers = {"text": formats.as_text, "mermaid": formats.as_mermaid, "dot": formats.as_dot, "svg": formats.as_svg}
    return writers[kind](graph)


def _write(path: Path, text: str) -> None:
    from ahjo_tasks.utils import atomic_write

    with atomic_write(path, overwrite=True) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
