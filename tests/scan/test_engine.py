"""Which files are scanned, and which content of theirs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from scan.repositories import CODE, ENVIRONMENT, OTHER, ProjectInGit, make

from ahjo_tasks.errors import UsageError
from ahjo_tasks.scan import engine
from ahjo_tasks.scan.config_files import Ignored, read_rules
from ahjo_tasks.scan.engine import ProjectScan, ScanResult
from ahjo_tasks.scan.git_files import Repository

if TYPE_CHECKING:
    from pathlib import Path

ODD_NAMES = ["å b.sql", "-x.sql", "'q\"$.sql", "new\nline.sql", "tab\t.sql"]


@pytest.fixture(params=["", "sub/project"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectInGit:
    """At the top of its repository, and below it."""
    return make(tmp_path, request.param)


def run(project: ProjectInGit, *, stage: bool = False, since: str = "") -> ScanResult:
    rules = read_rules(project.directory / "ahjo_scan_rules.yaml")
    repository = Repository(project.directory, ENVIRONMENT)
    return ProjectScan(repository, rules, Ignored(), {"ahjo_scan_rules.yaml"}, stage=stage, since=since).run()


def found(project: ProjectInGit, *, stage: bool = False, since: str = "") -> list[str]:
    return [f"{finding.path} {finding.match}" for finding in run(project, stage=stage, since=since).findings]


def test_tracked_and_untracked_files_are_scanned_but_ignored_ones_are_not(project: ProjectInGit) -> None:
    project.write("a.sql", CODE)
    project.commit()
    project.write("b/c.sql", OTHER)
    project.write(".gitignore", "d.sql\n")
    project.write("d.sql", CODE)
    assert found(project) == [f"a.sql {CODE}", f"b/c.sql {OTHER}"]


def test_files_beside_the_project_are_not_its_own(project: ProjectInGit) -> None:
    (project.top / "beside.sql").write_text(CODE)
    project.git("add", "--all", str(project.top))
    expected = [] if project.folder else [f"beside.sql {CODE}"]
    assert found(project) == expected
    assert found(project, stage=True) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
@pytest.mark.parametrize("stage", [False, True])
def test_any_name_works(project: ProjectInGit, *, stage: bool) -> None:
    for name in [*ODD_NAMES, os.fsdecode(b"\xff.sql")]:
        project.write(name, CODE)
    project.git("add", "--all", ".")
    assert sorted(finding.path for finding in run(project, stage=stage).findings) == sorted(
        [*ODD_NAMES, os.fsdecode(b"\xff.sql")]
    )


def test_what_is_staged_is_scanned_and_not_what_lies_in_the_folder(project: ProjectInGit) -> None:
    project.write("clean.sql", CODE)
    project.write("committed.sql", CODE)
    project.commit()
    project.write("staged.sql", CODE)
    project.write("clean.sql", "nothing")
    project.git("add", ".")
    project.write("staged.sql", "nothing any more")
    project.write("clean.sql", OTHER)
    assert found(project, stage=True) == [f"staged.sql {CODE}"]
    assert found(project) == [f"clean.sql {OTHER}", f"committed.sql {CODE}"]


def test_deleted_and_renamed_files_are_no_trouble(project: ProjectInGit) -> None:
    project.write("a.sql", CODE)
    project.write("b.sql", CODE)
    project.write("c.sql", CODE)
    project.commit()
    project.git("rm", "--quiet", "a.sql")
    project.git("mv", "b.sql", "d.sql")
    (project.directory / "c.sql").unlink()
    assert found(project, stage=True) == found(project) == [f"d.sql {CODE}"]


def test_what_changed_since_a_revision_is_scanned(project: ProjectInGit) -> None:
    project.write("old.sql", CODE)
    project.commit()
    project.git("checkout", "--quiet", "-b", "work")
    project.write("committed.sql", CODE)
    project.commit()
    project.write("untracked.sql", CODE)
    assert found(project, since="main") == [f"committed.sql {CODE}", f"untracked.sql {CODE}"]
    project.write("old.sql", f"changed {CODE}")
    assert found(project, since="HEAD") == [f"old.sql {CODE}", f"untracked.sql {CODE}"]


def test_since_begins_where_the_branch_left(project: ProjectInGit) -> None:
    project.commit()
    project.git("branch", "work")
    project.write("main.sql", CODE)
    project.commit()
    project.git("checkout", "--quiet", "work")
    project.write("main.sql", CODE)
    project.commit("the same again")
    assert found(project, since="main") == [f"main.sql {CODE}"]


@pytest.mark.parametrize("revision", ["nowhere", "--output=x"])
def test_an_unknown_revision_is_an_error(project: ProjectInGit, revision: str) -> None:
    with pytest.raises(UsageError, match="no revision"):
        run(project, since=revision)


def test_a_repository_without_a_commit_can_be_scanned(project: ProjectInGit) -> None:
    project.write("a.sql", CODE)
    project.git("add", ".")
    assert found(project, stage=True) == found(project) == [f"a.sql {CODE}"]


def test_colours_and_other_settings_of_the_user_change_nothing(project: ProjectInGit) -> None:
    project.write("a.sql", CODE)
    for setting in ("color.ui=always", "diff.noprefix=true", "diff.external=false", "core.quotePath=true"):
        project.git("config", *setting.split("="))
    project.git("add", ".")
    assert found(project, stage=True) == [f"a.sql {CODE}"]


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
def test_links_submodules_and_folders_are_not_followed(
    project: ProjectInGit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.sql"
    outside.write_text(CODE)
    (project.directory / "link.sql").symlink_to(outside)
    (project.directory / "dangling.sql").symlink_to("nowhere")
    make(project.directory / "inner").write("a.sql", CODE)
    project.write("b.sql", CODE)
    assert found(project) == [f"b.sql {CODE}"]
    project.git("add", "link.sql", "b.sql")
    assert found(project, stage=True) == [f"b.sql {CODE}"]


def test_a_file_that_cannot_be_read_is_said(project: ProjectInGit, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(engine, "read", refuse)
    project.write("a.sql", CODE)
    assert [str(warning) for warning in run(project).warnings] == ["a.sql: cannot be read: Permission denied"]


def test_rules_have_their_own_files(tmp_path: Path) -> None:
    rules = "- {name: hetu, filepath: [database/, '*.csv', nowhere]}\n- {name: own, pattern: x, filepath: notes}\n"
    project = make(tmp_path, rules=rules)
    for path in ("database/a.sql", "b/c.csv", "notes/x", "other"):
        project.write(path, f"x {CODE}")
    result = run(project)
    assert [(finding.path, finding.rule) for finding in result.findings] == [
        ("b/c.csv", "hetu"),
        ("database/a.sql", "hetu"),
        ("notes/x", "own"),
    ]
    assert [str(warning) for warning in result.warnings] == [
        "nowhere: the rule hetu has this filepath, and no file is there"
    ]
    assert result.files == 3


@pytest.mark.parametrize("stage", [False, True])
def test_rules_that_are_for_no_file_at_all_are_a_mistake(tmp_path: Path, stage: bool) -> None:
    project = make(tmp_path, rules="- {name: hetu, filepath: 'database/.*'}\n")
    project.write("database/a.sql", CODE)
    project.git("add", "--all")
    with pytest.raises(UsageError, match=r"files that are not there: database/\.\*\."):
        run(project, stage=stage)


def test_a_folder_without_git_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    project = ProjectInGit(tmp_path)
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n")
    project.write("a/b.sql", CODE)
    project.write(".venv/c.sql", CODE)
    assert found(project) == [f"a/b.sql {CODE}"]
    with pytest.raises(UsageError, match="not in a git repository"):
        run(project, since="HEAD")


def test_stage_and_since_exclude_each_other(project: ProjectInGit) -> None:
    with pytest.raises(UsageError, match="together"):
        run(project, stage=True, since="HEAD")


def test_findings_come_in_the_order_of_the_text_with_line_and_column(tmp_path: Path) -> None:
    project = make(tmp_path, rules="- name: email\n- name: hetu\n- {name: own, pattern: '(?s)x.*y'}\n")
    project.write("a.txt", f"å {CODE}\r\n a@b.fi x\r y {CODE}\n")
    places = [(one.rule, one.line, one.column, one.end_line, one.end_column) for one in run(project).findings]
    assert places == [("hetu", 1, 3, 1, 14), ("email", 2, 2, 2, 8), ("own", 2, 9, 3, 3), ("hetu", 3, 4, 3, 15)]


def test_many_staged_files_go_through_one_process(project: ProjectInGit) -> None:
    for number in range(300):
        project.write(f"{number:03}.sql", f"{CODE}\n" + "x" * 1000 * (number % 90))
    project.git("add", ".")
    assert len(found(project, stage=True)) == 300


def test_a_hook_of_another_repository_does_not_change_what_is_scanned(
    project: ProjectInGit, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make(tmp_path_factory.mktemp("other"))
    other.write("theirs.sql", OTHER)
    other.git("add", "--all", ".")
    project.write("a.sql", CODE)
    project.git("add", "--all", ".")
    monkeypatch.setitem(ENVIRONMENT, "GIT_DIR", str(other.top / ".git"))
    monkeypatch.setitem(ENVIRONMENT, "GIT_INDEX_FILE", str(other.top / ".git" / "index"))
    assert found(project) == [f"a.sql {CODE}"]
    assert found(project, stage=True) == [f"a.sql {CODE}"]


def test_a_repository_that_only_the_caller_names_is_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `git --git-dir=A --work-tree=B commit` runs its hook."""
    project = make(tmp_path / "b")
    project.write("a.sql", CODE)
    project.git("add", "--all", ".")
    (project.top / ".git").rename(tmp_path / "a")
    monkeypatch.setitem(ENVIRONMENT, "GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setitem(ENVIRONMENT, "GIT_DIR", str(tmp_path / "a"))
    monkeypatch.setitem(ENVIRONMENT, "GIT_WORK_TREE", str(project.top))
    assert found(project, stage=True) == [f"a.sql {CODE}"]


def test_what_is_staged_needs_a_repository(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("- name: hetu\n", encoding="utf-8")
    rules = read_rules(tmp_path / "rules.yaml")
    with pytest.raises(UsageError, match=r"^--stage: .* is not in a git repository\.$"):
        ProjectScan(Repository(tmp_path, ENVIRONMENT), rules, Ignored(), set(), stage=True).run()
