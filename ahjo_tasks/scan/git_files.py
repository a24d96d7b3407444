"""What git knows of a project's files. Names are read between NULs, so that any name works."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import AhjoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

REGULAR = "100"
"""How the modes of files begin, links and submodules having others."""
QUIET_DIFF = ("--no-color", "--no-ext-diff", "--no-renames", "--relative", "--diff-filter=d")
"""Whatever the user has configured; deleted files are left out."""
LOCATIONS = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


class GitError(AhjoError):
    """Git is not there, or said no."""


class Blob(NamedTuple):
    """A file's content in git."""

    path: str
    id: str


class Repository:
    """The repository that a project's folder is in; all paths are relative to that folder."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._environ = _absolute(os.environ if environ is None else environ)

    @property
    def exists(self) -> bool:
        """Whether the folder is in a repository, and git is installed."""
        try:
            return self._git("rev-parse", "--is-inside-work-tree").strip() == b"true"
        except GitError:
            return False

    @property
    def prefix(self) -> str:
        """The project's path in its repository, with a slash at the end; empty at the top."""
        return _text(self._git("rev-parse", "--show-prefix")).rstrip("\n")

    @property
    def hooks(self) -> Path:
        """The folder of the hooks, as `core.hooksPath` says."""
        return (self.directory / _text(self._git("rev-parse", "--git-path", "hooks")).rstrip("\n")).resolve()

    def files(self) -> list[str]:
        """The tracked files and the untracked ones that are not ignored."""
        return self._names("ls-files", "-z", "--cached", "--others", "--exclude-standard")

    def changed_since(self, revision: str) -> list[str]:
        """What is not as it was where the branch left `revision`, and what is untracked."""
        if revision.startswith("-") or self._try("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
            raise UsageError(f"--since: git knows no revision {revision!r}.")
        base = self._try("merge-base", revision, "HEAD")
        start = _text(base).strip() if base else revision
        changed = self._names("diff", "--name-only", "-z", *QUIET_DIFF, start, "--")
        return list(dict.fromkeys([*changed, *self._names("ls-files", "-z", "--others", "--exclude-standard")]))

    def staged(self) -> list[Blob]:
        """What the next commit adds or changes."""
        options = ("--raw", "-z", "--no-abbrev", *QUIET_DIFF)
        parts = _text(self._git("diff", "--cached", *options)).split("\0")
        # `:old-mode new-mode old-id new-id status`, and the name behind a NUL
        described = [(facts.split(), name) for facts, name in zip(parts[::2], parts[1::2], strict=False)]
        return [Blob(name, facts[3]) for facts, name in described if facts[1].startswith(REGULAR)]

    def contents(self, blobs: Sequence[Blob]) -> Iterator[tuple[str, bytes]]:
        """Path and content of each blob, all read through one process."""
        if not blobs:
            return
        command = self._command("cat-file", "--batch")
        with subprocess.Popen(  # noqa: S603 - a fixed program with arguments of ours
            command, cwd=self.directory, env=self._environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as git:
            if git.stdin is None or git.stdout is None:
                raise GitError("git cat-file cannot be talked to.")
            for blob in blobs:
                git.stdin.write(f"{blob.id}\n".encode())
                git.stdin.flush()
                header = git.stdout.readline().split()
                if len(header) != 3:  # noqa: PLR2004 - id, type and size
                    raise GitError(f"git has no content for {blob.path}.")
                data = git.stdout.read(int(header[2]) + 1)
                yield blob.path, data[:-1]

    def _names(self, *arguments: str) -> list[str]:
        return list(dict.fromkeys(name for name in _text(self._git(*arguments)).split("\0") if name))

    def _try(self, *arguments: str) -> bytes | None:
        try:
            return self._git(*arguments)
        except GitError:
            return None

    def _git(self, *arguments: str) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program with arguments of ours
                self._command(*arguments), cwd=self.directory, env=self._environ, capture_output=True, check=False
            )
        except OSError as error:
            raise GitError(f"git cannot be run: {error.strerror}.", hint="Install git.") from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
            raise GitError(f"git {arguments[0]}: {said}")
        return done.stdout

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return ["git", "--no-optional-locks", *arguments]


def _absolute(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which git runs a hook, usable from another folder.

    GIT_DIR alone, as in a worktree, says that the working folder is the top of the repository.
    """
    found = {name: os.path.abspath(value) if name in LOCATIONS else value for name, value in environ.items()}  # noqa: PTH100
    return {"GIT_WORK_TREE": os.getcwd(), **found} if "GIT_DIR" in found else found  # noqa: PTH109


def _text(output: bytes) -> str:
    """The output as the names of files are decoded."""
    return os.fsdecode(output)
