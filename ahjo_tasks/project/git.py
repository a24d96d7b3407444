"""The version of the project: repository, branch and commit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.git import Git

if TYPE_CHECKING:
    from pathlib import Path

INFO_FILE = "git_version.json"
LONGEST_COMMIT = 50
"""Characters of the column for the commit in the git table."""


class GitVersion(NamedTuple):
    """The version that is recorded in the database."""

    repository: str
    branch: str
    commit: str


def version(directory: Path, *, repository: str | None = None, info_path: str | None = None) -> GitVersion:
    """Return the version of the project in `directory`.

    From the JSON file at `info_path`, else from `git_version.json` in the folder, else from git: the tag or hash that
    `git describe` gives (the full hash where that is longer than the column), the branch (HEAD when detached), and
    `repository`, the URL of origin, or the name of the repository's folder, which all its worktrees share. Raises
    GitError when there is no repository with a commit, ConfigError for an unreadable file.
    """
    if file := _info_file(directory, info_path):
        return _from_file(file)
    git = Git(directory)
    branch = git.text("rev-parse", "--abbrev-ref", "HEAD")
    commit = git.text("describe", "--tags", "--always")
    if len(commit) > LONGEST_COMMIT:
        commit = git.text("rev-parse", "HEAD")
    return GitVersion(without_secret(repository or _origin(git)), branch, commit)


def differs(directory: Path, info_path: str | None = None) -> bool:
    """Tell whether tracked files of the project differ from the commit; False where a file has the version."""
    if _info_file(directory, info_path):
        return False
    return bool(Git(directory).run("status", "--porcelain", "-z", "--untracked-files=no", "--", "."))


def without_secret(url: str) -> str:
    """Remove the user name, password or token that a clone over HTTP may have left in a URL."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", url)


def _origin(git: Git) -> str:
    url = git.attempt("config", "--get", "remote.origin.url")
    if url is not None:
        return url.decode("utf-8", "replace").strip()
    common = (git.directory / git.text("rev-parse", "--git-common-dir")).resolve()
    return common.parent.name if common.name == ".git" else common.name.removesuffix(".git")


def _info_file(directory: Path, configured: str | None) -> Path | None:
    """Return the file with the version: the configured one, or one of the usual name where it exists."""
    path = directory / (configured or INFO_FILE)
    return path if configured or path.is_file() else None


def _from_file(path: Path) -> GitVersion:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        return GitVersion(str(content["repository"]), str(content["branch"]), str(content["commit"]))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: expected an object with repository, branch and commit ({error})") from None
