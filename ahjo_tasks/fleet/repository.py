"""The git repository of a project: read at any tag, and never moved."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError
from ahjo_tasks.fleet.tag_graph import TagGraph, read_history
from ahjo_tasks.project.git import NoGitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OF_THE_CALLER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
"""Variables of a git that started us, as in a hook: they would have git look at something else."""

COMMITS = ("rev-list", "--simplify-by-decoration", "--topo-order", "--reverse", "--parents", "--tags")
TAGS = ("for-each-ref", "refs/tags", "--format=%(refname:strip=2) %(objectname) %(*objectname)")
NO_HOOKS = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
SUBMODULE = "160000"


class Repository:
    """The repository that a project's folder is in. Raises NoGitError where there is none."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.top = self.directory
        try:
            self.top = Path(self._text("rev-parse", "--show-toplevel").strip()).resolve()
        except AhjoError as error:
            if "not a git repository" not in error.message:
                raise
            raise NoGitError(f"{directory} is in no git repository.", hint="git init, then commit and tag.") from None

    @property
    def project(self) -> Path:
        """The project's folder in the repository."""
        return self.directory.relative_to(self.top)

    def history(self) -> TagGraph:
        """All tags and their order."""
        return read_history(self._text(*COMMITS), self._text(*TAGS))

    @property
    def is_shallow(self) -> bool:
        """Whether the clone lacks older commits."""
        return self._text("rev-parse", "--is-shallow-repository").strip() == "true"

    def changes(self) -> list[str]:
        """The tracked files that differ from what is committed."""
        lines = self._text("status", "--porcelain", "--untracked-files=no").splitlines()
        return [line[3:] for line in lines]

    def read(self, tag: str, path: Path) -> bytes | None:
        """A file of the repository as it was at a tag; None when it was not there."""
        with suppress(AhjoError):
            return self._git("cat-file", "blob", f"refs/tags/{tag}:{path.as_posix()}")
        return None

    def export(self, tag: str, folder: Path) -> Path:
        """Write the files of a tag into a folder; nothing of the repository is touched.

        Returns the project's folder in it. Raises AhjoError for a project with submodules, whose files git has not.
        """
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        self._git("read-tree", f"refs/tags/{tag}", **index)
        inside = self._text("ls-files", "--stage", "--", self.project.as_posix(), **index).splitlines()
        submodules = [line.partition("\t")[2] for line in inside if line.startswith(SUBMODULE)]
        if submodules:
            raise AhjoError(f"{submodules[0]} is a submodule, which a worktree does not hold")
        self._git("checkout-index", "--all", f"--prefix={(folder / 'files').as_posix()}/", **index)
        return folder / "files" / self.project

    @contextmanager
    def worktree(self, tag: str, folder: Path) -> Iterator[Path]:
        """A checkout of a tag of its own, removed afterwards. Gives the project's folder in it."""
        self._git(*NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(folder), f"refs/tags/{tag}")
        try:
            yield folder / self.project
        finally:
            self.remove_worktree(folder)

    def worktrees(self) -> list[Path]:
        """Every checkout of the repository, the user's own first."""
        lines = self._text("worktree", "list", "--porcelain").splitlines()
        return [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]

    def remove_worktree(self, folder: Path) -> None:
        """Remove a worktree, whatever lies in it."""
        with suppress(AhjoError):
            self._git("worktree", "remove", "--force", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        self._git("worktree", "prune")

    def _text(self, *arguments: str, **environ: str) -> str:
        return self._git(*arguments, **environ).decode("utf-8", "replace")

    def _git(self, *arguments: str, **environ: str) -> bytes:
        """What git prints. Raises AhjoError with its reason."""
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program with arguments of ours
                ["git", "-c", "core.quotePath=false", *arguments],  # noqa: S607 - found on PATH, as the user's own
                cwd=self.top,
                env={**clean(os.environ), "LC_ALL": "C", **environ},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise AhjoError(f"git cannot be run: {error.strerror}", hint="Install git.") from None
        if done.returncode:
            reason = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
            raise AhjoError(f"git {arguments[0]}: {reason or f'exit code {done.returncode}'}")
        return done.stdout


def of_the_tag(text: str, directory: Path) -> str:
    """The text with paths as the tag has them: the folder of a copy will be gone."""
    return text.replace(f"{directory}{os.sep}", "").replace(str(directory), "the project's folder")


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead git astray."""
    return {name: value for name, value in environ.items() if name not in OF_THE_CALLER}
