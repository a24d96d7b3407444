"""The git repository of a project: its files as git lists them, and the hook that scans before each commit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import NotPermittedError, UsageError
from ahjo_tasks.git import Git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


REGULAR = "100"
"""The start of the mode of a regular file; links and submodules have others."""
PLAIN_DIFF = ("--no-color", "--no-ext-diff", "--no-renames", "--relative", "--diff-filter=d")
"""Override what the user has configured; deleted files are left out."""

ALONE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
"""Variables with which git fetches nothing that is missing: the repository names the programs that would do it."""
USERS_SCOPES = {"system", "global", "command"}
"""Scopes of git's configuration that are the user's own, and not of who made the repository."""


class Blob(NamedTuple):
    """A file's content in git."""

    path: str
    id: str


class Repository:
    """The repository that a project's folder is in; all paths are relative to that folder."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._git = Git(directory, environ, ALONE).for_hook()

    @property
    def exists(self) -> bool:
        """True if the folder is in a repository, and git is installed."""
        output = self._git.attempt("rev-parse", "--is-inside-work-tree")
        return output is not None and output.strip() == b"true"

    @property
    def prefix(self) -> str:
        """The project's path in its repository, with a slash at the end; empty at the top."""
        return self._git.text("rev-parse", "--show-prefix")

    @property
    def hooks(self) -> Path:
        """The folder of the hooks, as `core.hooksPath` says."""
        output = self._git.run("rev-parse", "--git-path", "hooks", hooks=True)
        return (self.directory / output.decode("utf-8", "surrogateescape").rstrip("\r\n")).resolve()

    def files(self) -> list[str]:
        """List the tracked files and the untracked ones that are not ignored."""
        return self._git.names("ls-files", "-z", "--cached", "--others", "--exclude-standard")

    def changed_since(self, revision: str) -> list[str]:
        """List the files that changed since the branch left `revision`, and the untracked ones."""
        known = self._git.attempt("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if revision.startswith("-") or known is None:
            raise UsageError(f"--since: git knows no revision {revision!r}.")
        base = self._git.attempt("merge-base", revision, "HEAD")
        start = base.decode().strip() if base else revision
        diff = ("diff", "--name-only", "-z", *PLAIN_DIFF, start, "--")
        changed = self._git.names(*diff, variables=self._own_filters_off())
        untracked = self._git.names("ls-files", "-z", "--others", "--exclude-standard")
        return list(dict.fromkeys([*changed, *untracked]))

    def _own_filters_off(self) -> dict[str, str]:
        """Return variables that turn off the filters of the repository's own configuration, as for `git-crypt`.

        They are programs of whoever made the repository. A file that goes through one counts as changed.
        """
        asked = ("config", "--includes", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\.")
        words = (self._git.attempt(*asked) or b"").decode("utf-8", "surrogateescape").split("\0")
        named = zip(words[::2], words[1::2], strict=False)
        keys = {name.rpartition(".")[0] for scope, name in named if scope not in USERS_SCOPES}
        values = [(f"{key}.{program}", "") for key in sorted(keys) for program in ("clean", "smudge", "process")]
        values += [(f"{key}.required", "false") for key in sorted(keys)]
        return self._git.configured(values)

    def staged(self) -> list[Blob]:
        """List what the next commit adds or changes."""
        parts = self._git.text("diff", "--cached", "--raw", "-z", "--no-abbrev", *PLAIN_DIFF).split("\0")
        # `:old-mode new-mode old-id new-id status`, and the name after a NUL
        entries = [(fields.split(), name) for fields, name in zip(parts[::2], parts[1::2], strict=False)]
        return [Blob(name, fields[3]) for fields, name in entries if fields[1].startswith(REGULAR)]

    def contents(self, blobs: Sequence[Blob]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each blob, all read through one process."""
        if blobs:
            contents = self._git.blobs(blob.id for blob in blobs)
            yield from zip((blob.path for blob in blobs), contents, strict=True)


HOOK = "pre-commit"
MARK = "# Written by ahjo-install-git-hook."
SCRIPT = """#!/bin/sh
{mark} Scans what is staged, and stops the commit when anything is found.

arguments() {{
    "$@" --project-dir {project} --stage --quiet{options}
}}

if [ -x {program} ]; then
    arguments {program} {scan}
elif command -v ahjo-scan >/dev/null 2>&1; then
    arguments ahjo-scan
else
    echo "ahjo-scan is not installed: install ahjo-tasks, or remove this hook: $0" >&2
    exit 1
fi
code=$?
if [ $code -eq 1 ]; then
    echo "ahjo-scan stopped the commit. Remove what it found, or ignore it: {ignored}" >&2
elif [ $code -ne 0 ]; then
    echo "ahjo-scan failed, and so the commit is stopped." >&2
fi
exit $code
"""


INSTALLED = "-P -c 'from ahjo_tasks.cli import scan; scan()'"
"""Arguments for the Python of the installation; modules of the repository are not imported."""
FROZEN = "ahjo-scan"
"""The argument for the executable that needs no Python."""


def write_hook(
    repository: Repository, rules: str, ignored: str, default_ignored: str, may_replace: Callable[[Path], bool]
) -> Path:
    """Write the hook for a project and return its path.

    A hook of somebody else is kept as `pre-commit.old` if `may_replace` agrees; else NotPermittedError is raised.
    """
    path = repository.hooks / HOOK
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        if not may_replace(path):
            raise NotPermittedError(f"There is a hook already, and it stays: {path}", hint="--force replaces it.")
        path.replace(path.with_name(f"{HOOK}.old"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_hook_script(repository, rules, ignored, default_ignored), encoding="utf-8", newline="\n")
    path.chmod(0o755)
    return path


def _hook_script(repository: Repository, rules: str, ignored: str, default_ignored: str) -> str:
    import shlex  # only for a new hook: a scan from the hook does without it

    named = {"--search-rules": rules, "--ignore-config": ignored}
    options = "".join(f" {flag} {shlex.quote(value)}" for flag, value in named.items() if value)
    return SCRIPT.format(
        mark=MARK,
        project=shlex.quote(repository.prefix or "."),
        options=options,
        program=shlex.quote(Path(sys.executable).as_posix()),
        scan=FROZEN if getattr(sys, "frozen", False) else INSTALLED,
        ignored=(ignored or default_ignored).replace('"', ""),
    )
