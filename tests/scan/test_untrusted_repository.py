"""A repository that somebody else has made names programs in its configuration: a scan runs none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scan.repositories import CODE, ENVIRONMENT, ProjectInGit, make

if TYPE_CHECKING:
    from pathlib import Path

KEYS = (
    "core.fsmonitor",
    "core.pager",
    "core.sshCommand",
    "core.gitProxy",
    "core.editor",
    "core.askPass",
    "core.alternateRefsCommand",
    "credential.helper",
    "diff.external",
    "diff.x.command",
    "diff.x.textconv",
    "filter.x.clean",
    "filter.x.smudge",
    "filter.x.process",
    "gpg.program",
    "merge.x.driver",
    "pager.diff",
    "remote.origin.uploadpack",
    "sequence.editor",
)
HOOKS = (
    "post-checkout",
    "post-index-change",
    "pre-commit",
    "reference-transaction",
    "fsmonitor-watchman",
    "query-watchman",
)


@pytest.fixture
def hostile(tmp_path: Path) -> ProjectInGit:
    """A repository whose every program leaves a file `ran`, and a file that has changed since the commit."""
    project = make(tmp_path / "project")
    project.write(".gitattributes", "* filter=x diff=x merge=x\n")
    project.write("a.sql", "SELECT 1;\n")
    project.write("b.sql", "SELECT 1;\n")
    project.commit()
    project.commit()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{tmp_path / 'ran'}'\ntest $# = 0 || exit 1\ncat\n")
    program.chmod(0o755)
    for hook in HOOKS:
        path = project.top / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(program)
    for key in KEYS:
        project.git("config", key, str(program))
    for key, value in (("log.showSignature", "true"), ("core.untrackedCache", "true"), ("remote.origin.url", "ext::x")):
        project.git("config", key, value)
    (tmp_path / "ran").unlink(missing_ok=True)
    project.write("a.sql", f"SELECT '{CODE}';\n")
    project.write("b.sql", "SELECT 1;\n")  # the same text, at another time
    return project


@pytest.mark.parametrize("arguments", [(), ("--stage",), ("--since", "HEAD~1")], ids=" ".join)
def test_a_scan_runs_no_program_of_the_repository(hostile: ProjectInGit, arguments: tuple[str, ...]) -> None:
    done = hostile.scan(*arguments)
    assert done.code == (0 if "--stage" in arguments else 1), done.text
    ran = hostile.top.parent / "ran"
    assert not ran.exists(), ran.read_text()


def missing_an_object(project: ProjectInGit) -> None:
    """Have the repository promise that its remote has what is missing, and name the program that would fetch it."""
    tree = project.git("rev-parse", "HEAD~1^{tree}").strip()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::{project.top.parent / 'program'} fetch"),
        ("protocol.ext.allow", "always"),
    ):
        project.git("config", key, value)
    (project.top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()


def test_a_scan_fetches_nothing_that_is_missing(hostile: ProjectInGit) -> None:
    missing_an_object(hostile)
    assert "bad tree object" in hostile.scan("--since", "HEAD~1").err
    assert not (hostile.top.parent / "ran").exists()
    hostile.git("cat-file", "-p", "HEAD~1^{tree}", code=128)
    assert (hostile.top.parent / "ran").exists()


def test_git_alone_does_run_them(hostile: ProjectInGit) -> None:
    hostile.git("diff", "--name-only", "HEAD~1")
    assert (hostile.top.parent / "ran").exists()


@pytest.mark.parametrize("name", ["x", "a=b", "a.b c"])
def test_a_filter_of_any_name_and_place_is_off(hostile: ProjectInGit, name: str) -> None:
    for program in ("clean", "process"):
        hostile.git("config", "--unset", f"filter.x.{program}")
        hostile.git("config", "--file", ".git/more", f"filter.{name}.{program}", str(hostile.top.parent / "program"))
    hostile.git("config", "include.path", "more")
    hostile.write(".gitattributes", f"* filter={name}\n")
    assert hostile.scan("--since", "HEAD~1").code == 1
    assert not (hostile.top.parent / "ran").exists()


def test_a_filter_that_the_user_has_configured_still_counts(tmp_path: Path) -> None:
    project = make(tmp_path)
    settings = tmp_path / "user"
    project.git("config", "--file", str(settings), "filter.upper.clean", "tr a-z A-Z")
    own = {"GIT_CONFIG_GLOBAL": str(settings)}
    project.write(".gitattributes", "*.sql filter=upper\n")
    project.write("a.sql", f"select '{CODE}';\n")
    project.git("add", ".", **own)
    project.git("commit", "--quiet", "-m", "x", **own)
    project.write("a.sql", f"Select '{CODE}';\n")
    assert project.git("status", "--porcelain", "--untracked-files=no", **own) == ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENVIRONMENT, "GIT_CONFIG_GLOBAL", str(settings))
        assert project.scan("--since", "HEAD").code == 0
