"""A scan of a project: which files, by which rules, and the result.

Each file is read once, and each rule that applies to it looks at a cheap prefilter before it searches.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import UsageError
from ahjo_tasks.scan.content import BinaryFileError, Content
from ahjo_tasks.scan.findings import FileWarning, Finding, UnreadableError
from ahjo_tasks.scan.rules import Paths
from ahjo_tasks.sql.source import LineIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ahjo_tasks.scan.config_files import Ignored
    from ahjo_tasks.scan.findings import Hit
    from ahjo_tasks.scan.git_files import Repository
    from ahjo_tasks.scan.rules import Rule

CHUNK = 1 << 17
# A link is not followed: what it points to may be outside of the project.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class FileScanner:
    """Applies rules to files one after the other. `files` counts those with text, `binary` the others."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.files = 0
        self.binary = 0

    def applies_to(self, path: str) -> bool:
        """Test whether any rule is for the file."""
        return any(path in rule.paths for rule in self.rules)

    def scan(self, path: str, data: bytes) -> Iterator[Finding | FileWarning]:
        """Yield the findings in the order of the text, after warnings of how the file was read."""
        try:
            content = Content(path, data)
        except BinaryFileError:
            self.binary += 1
            return
        self.files += 1
        if content.warning:
            yield FileWarning(path, content.warning)
        hits: list[tuple[Hit, str]] = []
        for rule in self.rules:
            if path in rule.paths and rule.searcher.prefilter(content):
                try:
                    hits += [(hit, rule.name) for hit in rule.searcher.find(content)]
                except UnreadableError as error:
                    yield FileWarning(path, f"{error}; {rule.name} was not looked for")
        yield from _findings(content, hits)


def read(directory: Path, path: str) -> bytes | None:
    """Read a file; None where there is none. Raises OSError where it cannot be read."""
    try:
        handle = os.open(os.path.join(directory, path), _READ)  # noqa: PTH118 - one of thousands
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if Path(directory, path).is_symlink():
            return None
        raise
    try:
        return _read(handle)
    except IsADirectoryError:
        return None
    finally:
        os.close(handle)


def _read(handle: int) -> bytes:
    data = os.read(handle, CHUNK)
    if len(data) < CHUNK:
        return data
    parts = [data]
    while data := os.read(handle, max(CHUNK, os.fstat(handle).st_size)):
        parts.append(data)
    return b"".join(parts)


def _findings(content: Content, hits: Iterable[tuple[Hit, str]]) -> Iterator[Finding]:
    lines = None
    for hit, rule in sorted(hits):
        lines = lines or LineIndex(content.text)
        line, column = lines.position(hit.start)
        end_line, end_column = _end(content.text, hit, line, column)
        yield Finding(content.path, line, column, end_line, end_column, rule, hit.match)


def _end(text: str, hit: Hit, line: int, column: int) -> tuple[int, int]:
    """Give line and column after the hit."""
    matched = text[hit.start : hit.end]
    if "\n" not in matched and "\r" not in matched:
        return line, column + len(matched)
    lines, last = LineIndex(matched).position(len(matched))
    return line + lines - 1, last


def names(repository: Repository, since: str) -> list[str]:
    """List the files to scan in the folder: all of git's, or the changed ones; all there are, where there is no git."""
    if repository.exists:
        return sorted(repository.changed_since(since) if since else repository.files())
    if since:
        raise UsageError(f"--since: {repository.directory} is not in a git repository.")
    return sorted(_walk(repository.directory))


def contents(directory: Path, paths: Iterable[str]) -> Iterator[tuple[str, bytes] | FileWarning]:
    """Yield the files as they are in the folder, and a warning for each that cannot be read."""
    for path in paths:
        try:
            data = read(directory, path)
        except OSError as error:
            yield FileWarning(path, f"cannot be read: {error.strerror}")
            continue
        if data is not None:
            yield path, data


def _walk(directory: Path) -> Iterator[str]:
    """Yield every file below the folder, but for those in folders whose name begins with a dot."""
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = os.path.relpath(folder, directory).replace(os.sep, "/")
        yield from (name if here == "." else f"{here}/{name}" for name in files)


class ScanResult(NamedTuple):
    """The result of a scan. `ignored` counts the accepted findings, `files` and `binary` the scanned files."""

    rules: Sequence[Rule]
    findings: tuple[Finding, ...]
    warnings: tuple[FileWarning, ...] = ()
    ignored: int = 0
    files: int = 0
    binary: int = 0
    seconds: float = 0.0

    @property
    def files_with_findings(self) -> int:
        """The number of files that have findings."""
        return len({finding.path for finding in self.findings})


class ProjectScan(NamedTuple):
    """A scan to run: of the files in the folder, or of `stage`d ones, or of those that changed `since` a revision.

    `own` are the files of the scan itself, which hold what is searched for.
    """

    repository: Repository
    rules: Sequence[Rule]
    ignored: Ignored
    own: Collection[str] = ()
    stage: bool = False
    since: str = ""

    def run(self) -> ScanResult:
        """Scan. Raises GitError or UsageError before anything is scanned."""
        started = time.perf_counter()
        scanner = FileScanner(self.rules)
        items = list(self._scan(scanner))
        warnings = tuple(item for item in items if isinstance(item, FileWarning))
        findings = [item for item in items if isinstance(item, Finding)]
        kept = tuple(finding for finding in findings if finding not in self.ignored)
        seconds = time.perf_counter() - started
        counts = (len(findings) - len(kept), scanner.files, scanner.binary)
        return ScanResult(self.rules, kept, warnings, *counts, seconds)

    def _scan(self, scanner: FileScanner) -> Iterator[Finding | FileWarning]:
        for item in self._contents(scanner):
            if isinstance(item, FileWarning):
                yield item
            else:
                yield from scanner.scan(*item)

    def _contents(self, scanner: FileScanner) -> Iterable[tuple[str, bytes] | FileWarning]:
        if self.stage:
            yield from self._staged(scanner)
            return
        paths = names(self.repository, self.since)
        if not self.since:
            self._require_files(paths)
            yield from self._unmatched(paths)
        yield from contents(self.repository.directory, [path for path in paths if self._applies_to(path, scanner)])

    def _staged(self, scanner: FileScanner) -> Iterable[tuple[str, bytes]]:
        if self.since:
            raise UsageError("--stage and --since cannot be given together.")
        if not self.repository.exists:
            raise UsageError(f"--stage: {self.repository.directory} is not in a git repository.")
        blobs = [blob for blob in self.repository.staged() if self._applies_to(blob.path, scanner)]
        if not blobs:
            self._require_files(self.repository.files())
        return self.repository.contents(blobs)

    def _require_files(self, paths: Sequence[str]) -> None:
        """Raise UsageError where files are there, and none is of any rule: nothing would ever be scanned."""
        others = [path for path in paths if path not in self.own]
        if others and self.rules and not any(path in rule.paths for rule in self.rules for path in others):
            entries = ", ".join(dict.fromkeys(entry for rule in self.rules for entry in rule.paths.entries))
            raise UsageError(
                f"The rules are for files that are not there: {entries}.",
                hint="filepath is a path or a glob from the project's folder, as in database/ or *.csv.",
            )

    def _applies_to(self, path: str, scanner: FileScanner) -> bool:
        return scanner.applies_to(path) and path not in self.own

    def _unmatched(self, paths: Sequence[str]) -> Iterator[FileWarning]:
        """Yield a warning for each path of a rule that no file has: it is likely a mistake."""
        for rule in self.rules:
            for entry in rule.paths.entries:
                only = Paths((entry,))
                if not any(path in only for path in paths):
                    yield FileWarning(entry, f"the rule {rule.name} has this filepath, and no file is there")
