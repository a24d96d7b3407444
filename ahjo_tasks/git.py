"""Run the git program in a folder, with the same options, environment and errors everywhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TIMEOUT = 30
"""Seconds for a command that reads; `timeout` sets another for one that writes many files."""

# A repository must neither be locked by us nor run a program of its own; names are shown as they are.
OPTIONS = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")

LOCATIONS = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
"""Variables that git sets for its hooks (`git rev-parse --local-env-vars`): they name the caller's repository."""

NO_REPOSITORY = "not a git repository"
NO_COMMIT = "ambiguous argument 'HEAD'"
"""Messages of git in the C locale for a folder outside of a repository, and for a repository without a commit."""


class GitError(AhjoError):
    """Git is not installed, the folder is in no repository, or a git command failed."""


def without_locations(environ: Mapping[str, str]) -> dict[str, str]:
    """Copy an environment without the variables that would lead git to another repository."""
    return {name: value for name, value in environ.items() if name not in LOCATIONS}


class Git:
    """Git in one folder. It finds the repository from the folder alone, whatever GIT_DIR and the like say."""

    def __init__(
        self, directory: Path, environ: Mapping[str, str] | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory
        self._caller = os.environ if environ is None else environ
        self._variables = variables or {}
        # Passwords that workers get as AHJO_PASSWORD are nothing for git.
        clean = {name: value for name, value in without_locations(self._caller).items() if not name.startswith("AHJO_")}
        self._environ = {**clean, "LC_ALL": "C", **self._variables}

    def for_hook(self) -> Git:
        """Use the index of the commit in progress, when a hook of this repository has started us.

        A repository that only GIT_DIR names, as with `git --git-dir=A --work-tree=B commit`, is used as a whole.
        """
        named = {name: os.path.abspath(self._caller[name]) for name in LOCATIONS if self._caller.get(name)}  # noqa: PTH100 - links stay
        if not named.keys() & {"GIT_DIR", "GIT_INDEX_FILE"}:
            return self
        own = self.attempt("rev-parse", "--absolute-git-dir")
        if own is None:
            # GIT_DIR alone says that the working folder is the top of the work tree.
            return Git(self.directory, self._caller, {**self._variables, "GIT_WORK_TREE": str(Path.cwd()), **named})
        index = named.get("GIT_INDEX_FILE")
        if index is None or _belongs_elsewhere(Path(index), Path(_decoded(own).rstrip("\n"))):
            return self
        return Git(self.directory, self._caller, {**self._variables, "GIT_INDEX_FILE": index})

    def run(
        self,
        *arguments: str,
        timeout: int = TIMEOUT,
        hooks: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return what git prints. Raises GitError with its reason.

        `timeout` is in seconds, `variables` are added to the environment; with `hooks` the user's hooks count.
        """
        try:
            result = subprocess.run(  # noqa: S603 - a fixed program with arguments of ours
                self._command(arguments, hooks=hooks),
                cwd=self.directory,
                env={**self._environ, **(variables or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError:
            raise GitError("git is not installed.", hint="Install git.") from None
        except subprocess.TimeoutExpired:
            raise GitError(f"git {arguments[0]} did not end within {timeout} s.") from None
        except OSError as error:
            raise GitError(f"git cannot be run: {error.strerror}.") from None
        if result.returncode:
            raise self._error(arguments[0], result.returncode, result.stderr.decode("utf-8", "replace"))
        return result.stdout

    def text(self, *arguments: str) -> str:
        """Return what git prints as text, without the newline at its end; file names are decoded as Python does it."""
        return _decoded(self.run(*arguments)).rstrip("\r\n")

    def names(self, *arguments: str, variables: Mapping[str, str] | None = None) -> list[str]:
        """Return the names that a command with `-z` prints, each once."""
        output = _decoded(self.run(*arguments, variables=variables))
        return list(dict.fromkeys(name for name in output.split("\0") if name))

    def attempt(self, *arguments: str) -> bytes | None:
        """Return what git prints, or None when it fails."""
        try:
            return self.run(*arguments)
        except GitError:
            return None

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """Yield the content of each blob, all read through one process. Raises GitError for one that is missing."""
        with subprocess.Popen(  # noqa: S603 - a fixed program with arguments of ours
            self._command(("cat-file", "--batch")),
            cwd=self.directory,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None  # noqa: S101 - both are pipes
            assert process.stdout is not None  # noqa: S101 - likewise
            for blob in ids:
                process.stdin.write(f"{blob}\n".encode())
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3:  # noqa: PLR2004 - id, type and size
                    raise GitError(f"git has no content for the blob {blob}.")
                yield process.stdout.read(int(header[2]) + 1)[:-1]

    def configured(self, values: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Return variables that configure git beside what the caller's variables do; a name may have any character."""
        count = int(self._environ.get("GIT_CONFIG_COUNT") or 0)
        found = {"GIT_CONFIG_COUNT": str(count + len(values))}
        for number, (key, value) in enumerate(values, count):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return found

    @staticmethod
    def _command(arguments: Iterable[str], *, hooks: bool = False) -> list[str]:
        return ["git", *OPTIONS, *(() if hooks else NO_HOOKS), *arguments]

    def _error(self, command: str, code: int, stderr: str) -> GitError:
        lines = stderr.strip().splitlines()
        dubious = next((line for line in lines if "dubious ownership" in line), None)
        if dubious:
            return GitError(dubious.removeprefix("fatal: "), hint=lines[-1].strip())
        if NO_REPOSITORY in stderr:
            return GitError(f"{self.directory} is not in a git repository.", hint="git init, then commit.")
        if NO_COMMIT in stderr:
            return GitError(f"The git repository of {self.directory} has no commit.", hint="git add, then commit.")
        said = [line for line in lines if line.startswith(("fatal: ", "error: "))][-1:] or lines[:1]  # not its usage
        reason = "".join(said).removeprefix("fatal: ") or f"exit code {code}"
        return GitError(f"git {command}: {reason}")


def _belongs_elsewhere(index: Path, own: Path) -> bool:
    """True if an index is that of another repository than the one with the git folder `own`."""
    folder = index.parent.resolve()
    return not folder.is_relative_to(own.resolve()) and (folder / "HEAD").is_file()


def _decoded(output: bytes) -> str:
    return os.fsdecode(output)
