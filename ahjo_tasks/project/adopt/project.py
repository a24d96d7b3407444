"""What adopting a project would write, found out before anything is written."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, SourceError, UsageError
from ahjo_tasks.project.adopt.names import is_theirs
from ahjo_tasks.project.adopt.source import PythonText
from ahjo_tasks.project.adopt.translate import MARK, Translation
from ahjo_tasks.project.scaffold import COMMON, template_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.config.loader import LoadedConfig

DEFAULT_ACTIONS = "ahjo_actions.py"
TASKS = "tasks.py"
SETTINGS = "invoke.yaml"
ENV = "alembic/env.py"
KEPT = ".before-adopt"
SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True)
class Adoption:
    """`files` are the texts to write by their paths in the project, `kept` the old names of files that are replaced."""

    directory: Path
    files: dict[str, str]
    kept: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """Python files of the project that import the predecessor and are no action files."""

    @property
    def marks(self) -> list[str]:
        """What is left to do by hand, with file and line."""
        return [
            f"{path}:{number}: {line.strip().removeprefix(MARK).strip()}"
            for path, text in self.files.items()
            for number, line in enumerate(text.splitlines(), 1)
            if line.lstrip().startswith(MARK)
        ]

    def write(self) -> None:
        """Rename what is replaced, then write. Nothing else in the project is touched."""
        for path, new in self.kept.items():
            (self.directory / path).rename(self.directory / new)
        for path, text in self.files.items():
            (self.directory / path).write_text(text, encoding="utf-8")


def adopt(directory: Path, loaded: LoadedConfig | None) -> Adoption:
    """Find out what to write. Raises AhjoError where there is a tasks.py, or nothing to adopt."""
    if (directory / TASKS).exists():
        raise AhjoError(f"{directory / TASKS} exists already.", hint="Adopting never replaces it; move it away first.")
    sources = _action_files(directory, loaded)
    files = {TASKS: combined([(path.relative_to(directory).as_posix(), _text(path), path) for path in sources])}
    if not (directory / SETTINGS).exists():
        files[SETTINGS] = (template_folder() / COMMON / SETTINGS).read_text(encoding="utf-8")
    kept = {}
    if _imports_theirs(directory / ENV):
        kept[ENV] = _free_name(directory, f"{ENV}{KEPT}")
        files[ENV] = (template_folder() / COMMON / ENV).read_text(encoding="utf-8").replace("{{name}}", directory.name)
    known = {*sources, directory / ENV}
    others = tuple(path.relative_to(directory).as_posix() for path in _python(directory) if path not in known)
    return Adoption(directory, files, kept, others)


def combined(sources: Sequence[tuple[str, str, Path | None]]) -> str:
    """One `tasks.py` of several action files: name, text and path of each, in the order that they were loaded."""
    parts, actions, seen = [], list[str](), dict[str, str]()
    for name, text, path in sources:
        made = Translation(text, path)
        heading = f"# From {name}:\n\n" if len(sources) > 1 else ""
        twice = sorted(found for found in _defined(made) if seen.setdefault(found, name) != name)
        mark = "".join(f"{MARK} {found} is in {seen[found]} too; rename one.\n" for found in twice)
        parts.append(f"{heading}{mark}{made.text.strip()}")
        actions += [action for action in made.actions if action not in actions]
    ending = f"ns = namespace({', '.join(actions)})"
    body = "\n\n\n".join(parts)
    if "import namespace" not in body and ", namespace" not in body:
        body = f"from ahjo_tasks import namespace\n\n{body}"
    return f"{body}\n\n\n{ending}\n"


def _defined(made: Translation) -> Iterator[str]:
    for node in made.source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name not in made.actions:
            yield node.name


def _action_files(directory: Path, loaded: LoadedConfig | None) -> list[Path]:
    named = [entry.source_file for entry in loaded.settings.ahjo_action_files] if loaded else [DEFAULT_ACTIONS]
    paths = [(directory / name).resolve() for name in named]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise UsageError(
            f"There is no {', '.join(missing)}.",
            hint="Give the project's config, or --project-dir: ahjo adopt dev.jsonc",
        )
    return paths


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("is not UTF-8", path=path) from None


def _imports_theirs(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        return any(is_theirs(node) for node in ast.walk(PythonText(_text(path), path).tree))
    except SourceError:
        return False


def _free_name(directory: Path, name: str) -> str:
    if (directory / name).exists():
        raise AhjoError(f"{directory / name} exists already.", hint="Move it away first.")
    return name


def _python(directory: Path) -> Iterator[Path]:
    """The Python files below a folder that import the predecessor."""
    for path in sorted(directory.rglob("*.py")):
        if not SKIPPED & set(path.relative_to(directory).parts) and _imports_theirs(path):
            yield path
