"""What git says of the project: repository, branch and commit."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import AhjoError, ConfigError

if TYPE_CHECKING:
    from pathlib import Path

INFO_FILE = "git_version.json"
TIMEOUT = 30


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
    `git describe` gives, the branch (HEAD when detached), and `repository`, the URL of origin, or the name of the
    working copy's folder. Raises NoGitError when there is none, ConfigError for an unreadable file.
    """
    if info_path or (directory / INFO_FILE).is_file():
        return _from_file(directory / (info_path or INFO_FILE), repository)
    branch = _git(directory, "rev-parse", "--abbrev-ref", "HEAD")
    commit = _git(directory, "describe", "--tags", "--always")
    if branch is None or commit is None:
        raise NoGitError(f"{directory} is in no git repository with a commit.", hint="git init, then commit.")
    return GitVersion(repository or _origin(directory), branch, commit)


def _origin(directory: Path) -> str:
    remote = _git(directory, "config", "--get", "remote.origin.url")
    if remote:
        return remote
    top = _git(directory, "rev-parse", "--show-toplevel") or str(directory)
    return top.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _git(directory: Path, *arguments: str) -> str | None:
    """What git prints, or None when it fails or is not installed."""
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
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _from_file(path: Path, repository: str | None) -> GitVersion:
    try:
        known = json.loads(path.read_text(encoding="utf-8-sig"))
        return GitVersion(repository or str(known["repository"]), str(known["branch"]), str(known["commit"]))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: expected an object with repository, branch and commit ({error})") from None
