"""What git says of the project: repository, branch and commit."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import AhjoError, ConfigError

if TYPE_CHECKING:
    from pathlib import Path

INFO_FILE = "git_version.json"
TIMEOUT = 30
LONGEST_COMMIT = 50
"""Characters that the table has for it."""


class GitVersion(NamedTuple):
    """What is stamped into the database."""

    repository: str
    branch: str
    commit: str


class NoGitError(AhjoError):
    """There is no git, or the folder is in no repository with a commit."""


def version(directory: Path, *, repository: str | None = None, info_path: str | None = None) -> GitVersion:
    """The version of the project in `directory`.

    From the JSON file at `info_path`, else from `git_version.json` in the folder, else from git: the tag or hash that
    `git describe` gives (the whole hash where that is longer than the column), the branch (HEAD when detached), and
    `repository`, the URL of origin, or the name of the repository's folder, which all its worktrees share. Raises
    NoGitError when there is none, ConfigError for an unreadable file.
    """
    if file := _info_file(directory, info_path):
        return _from_file(file)
    branch = _git(directory, "rev-parse", "--abbrev-ref", "HEAD")
    commit = _git(directory, "describe", "--tags", "--always")
    if len(commit) > LONGEST_COMMIT:
        commit = _git(directory, "rev-parse", "HEAD")
    return GitVersion(without_secret(repository or _origin(directory)), branch, commit)


def differs(directory: Path, info_path: str | None = None) -> bool:
    """Whether tracked files of the project are not as the commit has them; False where a file tells the version."""
    if _info_file(directory, info_path):
        return False
    return bool(_git(directory, "status", "--porcelain", "--untracked-files=no", "--", "."))


def without_secret(url: str) -> str:
    """The URL without the user name, password or token that a clone over HTTP may have left in it."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", url)


def _origin(directory: Path) -> str:
    try:
        return _git(directory, "config", "--get", "remote.origin.url")
    except NoGitError:
        shared = (directory / _git(directory, "rev-parse", "--git-common-dir")).resolve()
        return shared.parent.name if shared.name == ".git" else shared.name.removesuffix(".git")


def _git(directory: Path, *arguments: str) -> str:
    """What git prints. Raises NoGitError with its reason."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program with arguments of ours
            ["git", *arguments],  # noqa: S607 - found on PATH, as the user's own git is
            cwd=directory,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise NoGitError("git is not installed.") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoGitError(f"git cannot be run: {error}") from None
    if done.returncode == 0:
        return done.stdout.strip()
    said = done.stderr.strip().splitlines()
    dubious = next((line for line in said if "dubious ownership" in line), None)
    if dubious:
        raise NoGitError(dubious.removeprefix("fatal: "), hint=said[-1].strip())
    raise NoGitError(f"{directory} is in no git repository with a commit.", hint="git init, then commit.")


def _info_file(directory: Path, named: str | None) -> Path | None:
    """The file that tells the version in place of git: the one that is named, or one of the usual name."""
    path = directory / (named or INFO_FILE)
    return path if named or path.is_file() else None


def _from_file(path: Path) -> GitVersion:
    try:
        known = json.loads(path.read_text(encoding="utf-8-sig"))
        return GitVersion(str(known["repository"]), str(known["branch"]), str(known["commit"]))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: expected an object with repository, branch and commit ({error})") from None
