"""Plan the conversion of an Ahjo project: the files to write, before anything is written."""

from __future__ import annotations

import ast
import re
import tokenize
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, SourceError, UsageError
from ahjo_tasks.project.adopt.python_file import PythonText, imports_ahjo
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

ENCODING = re.compile(r"\A((?:.*\n)?[ \t\f]*#.*?coding[:=][ \t]*)[-\w.]+")
"""The encoding in one of the first two lines of a Python file."""


@dataclass(frozen=True)
class Adoption:
    """The texts to write, by their paths in the project, and in `kept` the backup names of files that are replaced."""

    directory: Path
    files: dict[str, str]
    kept: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """Python files of the project that import Ahjo and are no action files."""

    @property
    def marks(self) -> list[str]:
        """The sentences about what is left to do by hand, with file and line."""
        return [
            f"{path}:{line_number}: {line.strip().removeprefix(MARK).strip()}"
            for path, text in self.files.items()
            for line_number, line in enumerate(text.split("\n"), 1)
            if line.lstrip().startswith(MARK)
        ]

    def write(self) -> None:
        """Rename what is replaced, then write. Nothing else in the project is touched."""
        for path, new in self.kept.items():
            (self.directory / path).rename(self.directory / new)
        for path, text in self.files.items():
            (self.directory / path).write_text(text, encoding="utf-8")


def adopt(directory: Path, loaded: LoadedConfig | None) -> Adoption:
    """Translate the action files of a project. Raises AhjoError where there is a tasks.py, or nothing to convert."""
    if (directory / TASKS).exists():
        raise AhjoError(f"{directory / TASKS} exists already.", hint="Adopting never replaces it; move it away first.")
    sources = _action_files(directory, loaded)
    files = {TASKS: combined([(path.relative_to(directory).as_posix(), _text(path), path) for path in sources])}
    if not (directory / SETTINGS).exists():
        files[SETTINGS] = (template_folder() / COMMON / SETTINGS).read_text(encoding="utf-8")
    kept = {}
    if _file_imports_ahjo(directory / ENV):
        kept[ENV] = _unused_name(directory, f"{ENV}{KEPT}")
        files[ENV] = (template_folder() / COMMON / ENV).read_text(encoding="utf-8").replace("{{name}}", directory.name)
    known = {*sources, directory / ENV}
    others = tuple(path.relative_to(directory).as_posix() for path in _importers(directory) if path not in known)
    return Adoption(directory, files, kept, others)


def combined(sources: Sequence[tuple[str, str, Path | None]]) -> str:
    """Combine action files into one `tasks.py`: name, text and path of each, in the order that Ahjo loaded them."""
    parts, actions, seen = [], list[str](), dict[str, str]()
    for name, text, path in sources:
        translation = Translation(text, path)
        heading = f"# From {name}:\n\n" if len(sources) > 1 else ""
        twice = sorted(defined for defined in _defined(translation) if seen.setdefault(defined, name) != name)
        mark = "".join(f"{MARK} {defined} is in {seen[defined]} too; rename one.\n" for defined in twice)
        parts.append(f"{heading}{mark}{translation.text.strip()}")
        actions += [action for action in translation.actions if action not in actions]
    last_line = f"ns = namespace({', '.join(actions)})"
    body = "\n\n\n".join(parts)
    if "import namespace" not in body and ", namespace" not in body:
        body = f"from ahjo_tasks import namespace\n\n{body}"
    return f"{body}\n\n\n{last_line}\n"


def _defined(translation: Translation) -> Iterator[str]:
    for node in translation.source.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name not in translation.actions:
            yield node.name


def _action_files(directory: Path, loaded: LoadedConfig | None) -> list[Path]:
    names = [entry.source_file for entry in loaded.settings.ahjo_action_files] if loaded else [DEFAULT_ACTIONS]
    paths = [(directory / name).resolve() for name in names]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise UsageError(
            f"There is no {', '.join(missing)}.",
            hint="Give the project's config, or --project-dir: ahjo adopt dev.jsonc",
        )
    return paths


def _text(path: Path) -> str:
    """Read a Python file in the encoding that it says; what is written of it is UTF-8."""
    try:
        with tokenize.open(path) as file:
            return ENCODING.sub(r"\1utf-8", file.read(), count=1)
    except (SyntaxError, UnicodeDecodeError):
        raise SourceError("is not UTF-8, and its first lines say no other encoding", path=path) from None


def _file_imports_ahjo(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        return any(imports_ahjo(node) for node in ast.walk(PythonText(_text(path), path).tree))
    except SourceError:
        return False


def _unused_name(directory: Path, name: str) -> str:
    if (directory / name).exists():
        raise AhjoError(f"{directory / name} exists already.", hint="Move it away first.")
    return name


def _importers(directory: Path) -> Iterator[Path]:
    """Yield the Python files below a folder that import Ahjo."""
    for path in sorted(directory.rglob("*.py")):
        if not SKIPPED & set(path.relative_to(directory).parts) and _file_imports_ahjo(path):
            yield path
