from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from projects import ROOT
from scan.repositories import CODE, ENVIRONMENT, OTHER, ProjectInGit, make

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")


@pytest.fixture(params=["", "sub/it's a project"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectInGit:
    return make(tmp_path, request.param)


def install(project: ProjectInGit, *arguments: str, code: int = 0) -> str:
    done = project.scan(*arguments, program="install_git_hook")
    assert done.code == code, done.text
    return done.text


def test_a_commit_with_a_finding_is_stopped_and_one_without_is_made(project: ProjectInGit) -> None:
    install(project)
    project.write("a.sql", CODE)
    project.git("add", "--all", ".")
    said = project.git("commit", "-m", "x", code=1)
    assert f"a.sql:1:1: hetu: {CODE}" in said
    assert "stopped the commit" in said
    project.write("a.sql", "clean")
    project.git("commit", "-m", "still staged", code=1)
    project.git("add", ".")
    assert "ahjo-scan" not in project.git("commit", "-m", "x")


def test_the_hook_sees_what_a_partial_commit_takes(project: ProjectInGit) -> None:
    project.write("a.sql", "x")
    project.write("b.sql", "x")
    project.commit()
    install(project)
    project.write("a.sql", CODE)
    project.write("b.sql", OTHER)
    assert OTHER not in project.git("commit", "-m", "x", "a.sql", code=1)
    assert OTHER in project.git("commit", "-a", "-m", "x", code=1)


def test_the_hook_knows_the_project_s_folder_in_a_worktree_too(project: ProjectInGit, tmp_path: Path) -> None:
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n  filepath: database/\n")
    project.commit()
    install(project)
    side = tmp_path / "the side"
    project.git("worktree", "add", "--quiet", str(side), "-b", "side")
    other = ProjectInGit(side, project.folder)
    other.write("database/a.sql", CODE)
    other.write("notes.txt", OTHER)
    other.git("add", "--all", ".")
    said = other.git("commit", "-m", "x", code=1)
    assert "database/a.sql:1:1: hetu" in said
    assert OTHER not in said


def test_what_lies_in_the_repository_has_no_say_in_the_hook(project: ProjectInGit) -> None:
    (project.top / "argparse.py").write_text("raise SystemExit(0)\n")
    install(project)
    project.write("a.sql", CODE)
    project.git("add", "--all", ".")
    project.git("commit", "-m", "x", code=1)


def test_the_hook_of_the_executable_calls_its_scan(project: ProjectInGit, monkeypatch: pytest.MonkeyPatch) -> None:
    program = project.top.parent / "the ahjo"
    program.write_text('#!/bin/sh\necho "$@"\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    install(project)
    where = f"{project.folder}/" if project.folder else "."
    assert f"ahjo-scan --project-dir {where} --stage --quiet\n" in project.git("commit", "--allow-empty", "-mx", code=1)


def test_the_hook_can_be_run_and_names_no_other_system_s_program(project: ProjectInGit) -> None:
    install(project)
    hook = project.top / ".git" / "hooks" / "pre-commit"
    text = hook.read_bytes()
    assert hook.stat().st_mode & stat.S_IXUSR
    assert text.startswith(b"#!/bin/sh\n")
    assert b"\r" not in text
    assert b".exe" not in text


def test_other_files_can_be_named(project: ProjectInGit) -> None:
    (project.directory / "ahjo_scan_rules.yaml").rename(project.directory / "my rules.yaml")
    project.write("my ignore.yaml", f"- file_path: a.sql\n  matches: [{CODE}]\n")
    install(project, "-r", "my rules.yaml", "-ig", "my ignore.yaml")
    project.write("a.sql", CODE)
    project.git("add", "--all", ".")
    project.git("commit", "-m", "x")
    project.write("a.sql", OTHER)
    project.git("add", ".")
    assert "my ignore.yaml" in project.git("commit", "-m", "x", code=1)


def test_a_scan_that_fails_stops_the_commit(project: ProjectInGit) -> None:
    install(project)
    project.write("ahjo_scan_rules.yaml", "- name: unheard_of\n")
    project.git("add", "--all", ".")
    assert "ahjo-scan failed" in project.git("commit", "-m", "x", code=1)


def test_the_folder_of_the_hooks_is_the_one_that_git_uses(project: ProjectInGit) -> None:
    project.git("config", "core.hooksPath", "my-hooks")
    install(project)
    assert (project.top / "my-hooks" / "pre-commit").is_file()


def test_a_hook_of_somebody_else_stays_unless_forced(project: ProjectInGit) -> None:
    hook = project.top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    assert "--force" in install(project, code=3)
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    install(project, "--force")
    assert hook.with_name("pre-commit.old").read_text() == "#!/bin/sh\nexit 0\n"
    install(project)
    assert hook.with_name("pre-commit.old").read_text() == "#!/bin/sh\nexit 0\n"


def test_without_git_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "is not in a git repository" in install(ProjectInGit(tmp_path), code=1)


def test_the_pre_commit_framework_finds_the_hooks() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["ahjo-scan", "ahjo-scan-all"]
    for hook in hooks:
        assert hook["entry"].split()[0] == "ahjo-scan"
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
