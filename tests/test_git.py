from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.engine.stamp import GitVersion, ci_branch, project_version, without_secret
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.git import Git, GitError

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {"repository": "shop", "branch": "release", "commit": "v2"}


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ahti", "-c", "user.email=ahti@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working copy with one commit, in a folder called shop."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init")
    git(folder, "commit", "--allow-empty", "-m", "one")
    return folder


def test_without_a_tag_the_hash_is_the_commit_and_the_folder_the_repository(copy: Path) -> None:
    assert project_version(copy) == GitVersion("shop", "main", git(copy, "describe", "--always"))
    assert project_version(copy, repository="https://git.example.org/s").repository == "https://git.example.org/s"


def test_a_project_below_the_top_of_its_repository_is_the_same_repository(copy: Path) -> None:
    (copy / "below").mkdir()
    assert project_version(copy / "below").repository == "shop"


def test_a_worktree_is_the_same_repository(copy: Path, tmp_path: Path) -> None:
    git(copy, "worktree", "add", "--detach", str(tmp_path / "other"))
    (tmp_path / "other" / "below").mkdir()
    assert project_version(tmp_path / "other").repository == "shop"
    assert project_version(tmp_path / "other" / "below").repository == "shop"


def test_a_bare_repository_gives_its_worktrees_its_name(copy: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--bare", str(copy), "store.git")
    git(tmp_path / "store.git", "remote", "remove", "origin")
    git(tmp_path / "store.git", "worktree", "add", "--detach", str(tmp_path / "here"))
    assert project_version(tmp_path / "here").repository == "store"


def test_a_tag_describes_what_is_at_and_behind_it(copy: Path) -> None:
    git(copy, "tag", "v1")
    assert project_version(copy).commit == "v1"
    git(copy, "commit", "--allow-empty", "-m", "two")
    assert project_version(copy).commit.startswith("v1-1-g")


def test_a_detached_head_is_called_so(copy: Path) -> None:
    git(copy, "checkout", "--detach")
    assert project_version(copy).branch == "HEAD"


def test_a_description_that_is_too_long_gives_way_to_the_hash(copy: Path) -> None:
    git(copy, "tag", "v" + "1" * 60)
    assert project_version(copy).commit == git(copy, "rev-parse", "HEAD")


def test_a_token_in_the_url_of_origin_is_not_stamped(copy: Path) -> None:
    git(copy, "remote", "add", "origin", "https://me:token@git.example.org/shop.git")
    assert project_version(copy).repository == "https://git.example.org/shop.git"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://token@git.example.org/s", "https://git.example.org/s"),
        ("ssh://git@git.example.org/s", "ssh://git@git.example.org/s"),
        ("git@git.example.org:s", "git@git.example.org:s"),
        ("https://git.example.org/@s", "https://git.example.org/@s"),
    ],
)
def test_the_user_of_ssh_is_part_of_the_address(url: str, kept: str) -> None:
    assert without_secret(url) == kept


def test_no_repository_and_no_commit_are_told_from_no_git(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(GitError, match="is not in a git repository"):
        project_version(tmp_path / "new")
    git(tmp_path / "new", "init")
    with pytest.raises(GitError, match="has no commit"):
        project_version(tmp_path / "new")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed"):
        project_version(copy)


def test_an_info_file_is_taken_whole(copy: Path) -> None:
    (copy / "git_version.json").write_text(json.dumps(KNOWN), encoding="utf-8-sig")
    assert project_version(copy, repository="https://ignored.example") == GitVersion(**KNOWN)
    (copy / "other.json").write_text(json.dumps({**KNOWN, "commit": "v3"}), encoding="utf-8")
    assert project_version(copy, info_path="other.json").commit == "v3"


@pytest.mark.parametrize("text", ["[]", "{", '{"branch": "x"}'])
def test_an_info_file_of_another_form_is_a_mistake(copy: Path, text: str) -> None:
    (copy / "git_version.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="repository, branch and commit"):
        project_version(copy)
    with pytest.raises(ConfigError, match="cannot be read"):
        project_version(copy, info_path="missing.json")


def test_a_hook_of_another_repository_does_not_change_the_version(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = project_version(copy)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init")
    git(other, "commit", "--allow-empty", "-m", "other")
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_INDEX_FILE": other / ".git" / "index",
        "GIT_COMMON_DIR": other / ".git",
        "GIT_OBJECT_DIRECTORY": other / ".git" / "objects",
    }.items():
        monkeypatch.setenv(name, str(value))
    assert project_version(copy) == expected


def test_neither_fsmonitor_nor_hooks_of_the_repository_run(copy: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = copy / "program"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    program.chmod(0o755)
    (copy / ".git" / "hooks").mkdir(exist_ok=True)
    program.rename(copy / ".git" / "hooks" / "post-checkout")
    git(copy, "config", "core.fsmonitor", str(copy / ".git" / "hooks" / "post-checkout"))
    Git(copy).run("status")
    Git(copy).run("worktree", "add", "--detach", str(tmp_path / "tree"))
    assert not ran.exists()
    git(copy, "worktree", "add", "--detach", str(tmp_path / "second"))
    assert ran.exists()


def test_reading_leaves_the_index_alone(copy: Path) -> None:
    (copy / "a.sql").write_text("x")
    git(copy, "add", "a.sql")
    index = copy / ".git" / "index"
    (copy / "a.sql").touch()
    before = index.stat().st_mtime_ns, index.read_bytes()
    Git(copy).run("status")
    assert (index.stat().st_mtime_ns, index.read_bytes()) == before


def test_git_does_not_get_the_variables_of_this_package(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHJO_PASSWORD", "secret")
    assert b"secret" not in Git(copy).run("-c", "alias.shown=!env", "shown")


def test_a_command_that_takes_too_long_is_ended(copy: Path) -> None:
    with pytest.raises(GitError, match="did not end within 1 s"):
        Git(copy).run("-c", "alias.wait=!exec sleep 20", "wait", timeout=1)


def test_a_failed_command_gives_the_reason_of_git(copy: Path) -> None:
    with pytest.raises(GitError, match="git show: ambiguous argument 'nothing'"):
        Git(copy).run("show", "nothing")


@pytest.mark.parametrize(
    ("environ", "branch"),
    [
        ({"GITHUB_REF_NAME": "main", "GITHUB_SHA": "abc"}, "main"),
        ({"GITHUB_HEAD_REF": "topic", "GITHUB_REF_NAME": "12/merge", "GITHUB_SHA": "abc"}, "topic"),
        ({"GITHUB_REF_NAME": "main", "GITHUB_SHA": "of another checkout"}, ""),
        ({"CI_COMMIT_REF_NAME": "release/1", "CI_COMMIT_SHA": "abc"}, "release/1"),
        ({"BUILD_SOURCEBRANCH": "refs/heads/feature/x", "BUILD_SOURCEBRANCHNAME": "x"}, "feature/x"),
        ({"BUILD_SOURCEBRANCHNAME": "main", "BUILD_SOURCEVERSION": "abc"}, "main"),
        ({"BRANCH_NAME": "main"}, "main"),
        ({}, ""),
    ],
)
def test_a_build_service_names_the_branch_of_a_detached_checkout(environ: dict[str, str], branch: str) -> None:
    assert ci_branch(environ, "abc") == branch


def test_a_detached_checkout_has_the_branch_of_the_build_service(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(copy, "checkout", "--quiet", "--detach")
    monkeypatch.setenv("GITHUB_HEAD_REF", "topic")
    monkeypatch.setenv("GITHUB_SHA", git(copy, "rev-parse", "HEAD"))
    assert project_version(copy).branch == "topic"


def test_settings_stand_beside_those_of_the_callers_variables(copy: Path) -> None:
    caller = {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "ann"}
    reader = Git(copy, caller)
    variables = reader.configured([("filter.a=b.clean", "")])
    assert reader.names("config", "-z", "user.name", variables=variables) == ["ann"]
    listed = reader.names("config", "--show-scope", "-z", "--get-regexp", "^filter", variables=variables)
    assert listed == ["command", "filter.a=b.clean\n"]
