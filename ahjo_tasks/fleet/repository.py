"""The git repository of a project: read at any tag, with temporary worktrees for workers."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.database.database import lock_owner
from ahjo_tasks.database.file_lock import FileLock
from ahjo_tasks.errors import AhjoError, ConfigError, NotPermittedError
from ahjo_tasks.git import Git, GitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.database.database import Database


COMMITS = ("rev-list", "--simplify-by-decoration", "--topo-order", "--reverse", "--parents", "--tags")
TAGS = ("for-each-ref", "refs/tags", "--format=%(refname:strip=2) %(objectname) %(*objectname)")
SUBMODULE = "160000"
LONG = 600
"""Seconds for a command that writes all files of a tag."""


class Repository:
    """The repository that a project's folder is in. Raises GitError where there is none."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.top = Path(Git(self.directory).text("rev-parse", "--show-toplevel")).resolve()
        self._git = Git(self.top)

    @property
    def project(self) -> Path:
        """The project's folder in the repository."""
        return self.directory.relative_to(self.top)

    def tag_graph(self) -> TagGraph:
        """Read all tags and their order."""
        return read_tag_graph(self._git.text(*COMMITS), self._git.text(*TAGS))

    @property
    def is_shallow(self) -> bool:
        """True if the clone lacks older commits."""
        return self._git.text("rev-parse", "--is-shallow-repository") == "true"

    def changes(self) -> list[str]:
        """List the tracked files that differ from what is committed."""
        return [
            entry[3:]
            for entry in self._git.names("status", "--porcelain", "-z", "--no-renames", "--untracked-files=no")
        ]

    def read(self, tag: str, path: Path) -> bytes | None:
        """Return a file of the repository as it was at a tag; None when it was not there."""
        return self._git.attempt("cat-file", "blob", f"refs/tags/{tag}:{path.as_posix()}")

    def commit(self, name: str) -> str:
        """Return the commit of a tag, a hash, or a name by `git describe`. Raises GitError for an unknown one."""
        found = self._git.attempt("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
        if found is None:
            raise GitError(f"{self.top} has no commit {name}; a shallow clone lacks older ones.")
        return found.decode().strip()

    def export(self, commit: str, folder: Path) -> Path:
        """Write the files of a commit into a folder; nothing of the repository is touched.

        Returns the project's folder in it. Raises AhjoError for a project with submodules, whose files git has not.
        """
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        self._git.run("read-tree", commit, variables=index)
        entries = self._git.names("ls-files", "--stage", "-z", "--", self.project.as_posix(), variables=index)
        submodules = [entry.partition("\t")[2] for entry in entries if entry.startswith(SUBMODULE)]
        if submodules:
            raise AhjoError(f"{submodules[0]} is a submodule, which a worktree does not hold")
        prefix = f"--prefix={(folder / 'files').as_posix()}/"
        self._git.run("checkout-index", "--all", prefix, timeout=LONG, variables=index)
        return folder / "files" / self.project

    @contextmanager
    def worktree(self, tag: str, folder: Path) -> Iterator[Path]:
        """Check out a tag into a folder, which is removed afterwards. Gives the project's folder in it."""
        self._git.run("worktree", "add", "--quiet", "--detach", str(folder), f"refs/tags/{tag}", timeout=LONG)
        try:
            yield folder / self.project
        finally:
            self.remove_worktree(folder)

    def worktrees(self) -> list[Path]:
        """List every checkout of the repository, the user's own first."""
        lines = self._git.text("worktree", "list", "--porcelain").splitlines()
        return [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]

    def remove_worktree(self, folder: Path) -> None:
        """Remove a worktree, also with changed files in it."""
        self._git.attempt("worktree", "remove", "--force", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        self._git.run("worktree", "prune")


def without_folder(text: str, directory: Path) -> str:
    """Shorten the paths of a text to those inside the tag: the folder of the copy will be gone."""
    return text.replace(f"{directory}{os.sep}", "").replace(str(directory), "the project's folder")


class TagGraph:
    """Commits with their parents, oldest first, and tags with their commits; a commit may have several tags."""

    def __init__(self, parents: Mapping[str, tuple[str, ...]], tags: Mapping[str, str]) -> None:
        self.parents = parents
        self.tags = {tag: commit for tag, commit in tags.items() if commit in parents}
        self._names: dict[str, list[str]] = {}
        for tag, commit in self.tags.items():
            self._names.setdefault(commit, []).append(tag)
        self.previous = cache(self._previous)
        self.older = cache(self._older)
        self.after = cache(self._after)

    def names(self, commit: str) -> list[str]:
        """Return the tags of a commit."""
        return self._names.get(commit, [])

    def newest(self, commits: Iterable[str]) -> set[str]:
        """Return those that no other of them contains."""
        all_of_them = set(commits)
        return all_of_them - frozenset().union(*map(self.older, all_of_them))

    def _older(self, commit: str) -> frozenset[str]:
        """Return every commit that this one contains."""
        older: set[str] = set()
        stack = [*self.parents[commit]]
        while stack:
            parent = stack.pop()
            if parent not in older and parent in self.parents:
                older.add(parent)
                stack += self.parents[parent]
        return frozenset(older)

    def _after(self, commit: str) -> frozenset[str]:
        """Return every commit that contains this one, and more."""
        after: set[str] = set()
        for later, parents in self.parents.items():
            if commit in parents or not after.isdisjoint(parents):
                after.add(later)
        return frozenset(after)

    def _previous(self, commit: str) -> frozenset[str]:
        """Return the nearest tagged commits below this one."""
        tagged: set[str] = set()
        stack, seen = list(self.parents[commit]), set()
        while stack:
            parent = stack.pop()
            if parent in seen or parent not in self.parents:
                continue
            seen.add(parent)
            if self.names(parent):
                tagged.add(parent)
            else:
                stack += self.parents[parent]
        return frozenset(self.newest(tagged))


def read_tag_graph(commits: str, refs: str) -> TagGraph:
    """Parse `git rev-list --parents --reverse`, and lines of tag, object, and commit of an annotated tag."""
    parents = {first: tuple(rest) for first, *rest in (line.split() for line in commits.splitlines())}
    tags = {tag: (peeled or [commit])[0] for tag, commit, *peeled in (line.split() for line in refs.splitlines())}
    return TagGraph(parents, tags)


PREFIX = "ahjo-upgrade-"
LOCK_FILE = "lock"


@contextmanager
def temp_worktree_root(repository: Repository) -> Iterator[Path]:
    """Create a private folder, removed at the end; the lock in it shows other runs that it is in use."""
    remove_stale(repository)
    with temporary_folder(PREFIX) as folder:
        yield folder


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Create a private folder, removed at the end, and remove those with this prefix whose runs were killed.

    The lock in it shows other runs that it is in use.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # it is another user's
            if (left / LOCK_FILE).is_file() and _abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f".{prefix}")).resolve()  # another run may see it only when it is locked
    lock = FileLock(new / LOCK_FILE)
    lock.acquire(lock_owner())
    folder = new.rename(new.with_name(new.name.removeprefix(".")))
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def remove_stale(repository: Repository) -> None:
    """Remove the worktrees of runs that were killed."""
    for tree in repository.worktrees():
        root = next((folder for folder in tree.parents if folder.name.startswith(PREFIX)), None)
        if root and _abandoned(root):
            repository.remove_worktree(tree)
            shutil.rmtree(root, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    if not folder.is_dir():
        return True
    lock = FileLock(folder / LOCK_FILE)
    try:
        return lock.acquire(lock_owner())
    except NotPermittedError:  # another user's
        return False
    finally:
        lock.release()


FILE_KEYS = ("username_file", "password_file", "login_password_file")


def worker_environment(loaded: LoadedConfig, database: Database) -> dict[str, str]:
    """Return AHJO_ variables that make the config mean in a worktree what it means in the user's checkout.

    They hold every relative path that does not belong to a tag, and the login, which is asked for once. Raises
    ConfigError for a LOCAL file that no worker would find.
    """
    settings, directory = loaded.settings, database.directory
    _refuse_local(loaded)
    files = {key: getattr(settings, key) for key in FILE_KEYS}
    paths = {f"AHJO_{key.upper()}": str(directory / Path(path).expanduser()) for key, path in files.items() if path}
    return {**paths, **_database(database), **_login(database)}


def _database(database: Database) -> dict[str, str]:
    """Name the database where it is a file, whose path is relative to the project's folder."""
    if not database.dialect.file_based:
        return {}
    if database.settings.sqlalchemy_url:
        return {"AHJO_SQLALCHEMY_URL": database.url.render_as_string(hide_password=False)}
    return {"AHJO_TARGET_DATABASE_NAME": database.name}


def _login(database: Database) -> dict[str, str]:
    """Return user name and password, so that a worker need not ask for them again."""
    if database.settings.sqlalchemy_url:
        return {}
    login = {"AHJO_USERNAME": database.url.username, "AHJO_PASSWORD": str(database.url.password or "")}
    return {name: value for name, value in login.items() if value}


def _refuse_local(loaded: LoadedConfig) -> None:
    """Raise ConfigError for a LOCAL file that only the working folder leads to: workers have another one."""
    local = loaded.document.get("LOCAL")
    if local and not (loaded.path.parent / local).is_file() and Path(local).is_file():
        raise ConfigError(
            f"LOCAL: {local} is relative to the working folder.",
            hint=f"Write it as a path from the config's folder, {loaded.path.parent}.",
        )
