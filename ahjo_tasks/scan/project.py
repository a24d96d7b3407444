"""One scan of a project: which files, by which rules, and what came of it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.scan.engine import Scanner, Tally, read
from ahjo_tasks.scan.finding import Remark
from ahjo_tasks.scan.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.scan.finding import Finding
    from ahjo_tasks.scan.git_files import Repository
    from ahjo_tasks.scan.ignore_file import Ignored
    from ahjo_tasks.scan.rules import Rule


def names(repository: Repository, since: str) -> list[str]:
    """The files to scan in the folder: all of git's, or what changed; all that there are, where there is no git."""
    if repository.exists:
        return sorted(repository.changed_since(since) if since else repository.files())
    if since:
        raise UsageError(f"--since: {repository.directory} is in no git repository.")
    return sorted(_walk(repository.directory))


def contents(directory: Path, paths: Iterable[str]) -> Iterator[tuple[str, bytes] | Remark]:
    """The files as they are in the folder; a remark for each that cannot be read."""
    for path in paths:
        try:
            data = read(directory, path)
        except OSError as error:
            yield Remark(path, f"cannot be read: {error.strerror}")
            continue
        if data is not None:
            yield path, data


def _walk(directory: Path) -> Iterator[str]:
    """Every file below the folder, but for those in folders whose name begins with a dot."""
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = os.path.relpath(folder, directory).replace(os.sep, "/")
        yield from (name if here == "." else f"{here}/{name}" for name in files)


@dataclass(frozen=True)
class Result:
    """What a scan found. `ignored` counts the findings that the project accepts."""

    rules: Sequence[Rule]
    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...]
    ignored: int
    tally: Tally
    seconds: float

    @property
    def files(self) -> int:
        """How many files have findings."""
        return len({finding.path for finding in self.findings})


@dataclass(frozen=True)
class ProjectScan:
    """What to scan: the files in the folder, or `stage`d ones, or what changed `since` a revision.

    `own` are the files of the scan itself, which hold what is looked for.
    """

    repository: Repository
    rules: Sequence[Rule]
    ignored: Ignored
    own: Collection[str] = ()
    stage: bool = False
    since: str = ""

    def run(self) -> Result:
        """Scan. Raises GitError or UsageError before anything is scanned."""
        started = time.perf_counter()
        scanner = Scanner(self.rules)
        found = list(self._found(scanner))
        remarks = tuple(item for item in found if isinstance(item, Remark))
        findings = [item for item in found if not isinstance(item, Remark)]
        kept = tuple(finding for finding in findings if finding not in self.ignored)
        seconds = time.perf_counter() - started
        return Result(self.rules, kept, remarks, len(findings) - len(kept), scanner.tally, seconds)

    def _found(self, scanner: Scanner) -> Iterator[Finding | Remark]:
        for item in self._contents(scanner):
            if isinstance(item, Remark):
                yield item
            else:
                yield from scanner.scan(*item)

    def _contents(self, scanner: Scanner) -> Iterable[tuple[str, bytes] | Remark]:
        if self.stage:
            yield from self._staged(scanner)
            return
        paths = names(self.repository, self.since)
        if not self.since:
            yield from self._unmatched(paths)
        yield from contents(self.repository.directory, [path for path in paths if self._wants(path, scanner)])

    def _staged(self, scanner: Scanner) -> Iterable[tuple[str, bytes]]:
        if self.since:
            raise UsageError("--stage and --since cannot be given together.")
        return self.repository.contents([blob for blob in self.repository.staged() if self._wants(blob.path, scanner)])

    def _wants(self, path: str, scanner: Scanner) -> bool:
        return scanner.concerns(path) and path not in self.own

    def _unmatched(self, paths: Sequence[str]) -> Iterator[Remark]:
        """A remark for each path of a rule that stands for no file: it is likely a mistake."""
        for rule in self.rules:
            for entry in rule.paths.entries:
                only = Paths((entry,))
                if not any(path in only for path in paths):
                    yield Remark(entry, f"the rule {rule.name} has this filepath, and no file is there")
