"""`ahjo-scan` and `inv scan`, as their users call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projects import make_project
from scan.repositories import CODE, ENVIRONMENT, ProjectInGit, make
from scan.sarif_schema import SARIF

from ahjo_tasks.actions import scan as module
from ahjo_tasks.cli import standalone
from ahjo_tasks.scan import command


@pytest.fixture
def project(tmp_path: Path) -> ProjectInGit:
    made = make(tmp_path)
    made.write("a.sql", CODE)
    return made


def test_a_finding_is_told_and_exits_with_1(project: ProjectInGit) -> None:
    done = project.scan()
    assert done.code == 1
    assert done.out.startswith(f"a.sql:1:1: hetu: {CODE}\n")
    assert "1 finding in 1 file." in done.err


def test_nothing_found_exits_with_0(project: ProjectInGit) -> None:
    project.write("a.sql", "clean")
    done = project.scan()
    assert done.code == 0
    assert "Nothing was found." in done.out


def test_quiet_tells_findings_only(project: ProjectInGit) -> None:
    assert project.scan("-q").out == f"a.sql:1:1: hetu: {CODE}\n"
    project.write("a.sql", "clean")
    assert project.scan("--quiet").text == ""


def test_init_begins_a_fresh_project_and_overwrites_nothing(tmp_path: Path) -> None:
    project = make(tmp_path)
    (tmp_path / "ahjo_scan_rules.yaml").unlink()
    assert project.scan("-in").code == 0
    assert sorted(path.name for path in tmp_path.glob("*.yaml")) == ["ahjo_scan_ignore.yaml", "ahjo_scan_rules.yaml"]
    project.write("database/data/a.sql", "SELECT 1;")
    assert project.scan().code == 0
    project.write("ahjo_scan_rules.yaml", "# mine")
    (tmp_path / "ahjo_scan_ignore.yaml").unlink()
    assert project.scan("--init").code == 0
    assert (tmp_path / "ahjo_scan_rules.yaml").read_text() == "# mine"
    assert (tmp_path / "ahjo_scan_ignore.yaml").is_file()


def test_the_options_of_the_predecessor_are_understood(project: ProjectInGit, tmp_path: Path) -> None:
    (project.directory / "ahjo_scan_rules.yaml").rename(project.directory / "r.yaml")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    project.git("add", "a.sql")
    where = ("-d", str(project.directory))
    assert project.scan("-r", "r.yaml", "-ig", "i.yaml", "-st", "-q", *where, cwd=elsewhere).code == 1
    assert project.scan("-r", "r.yaml", "-ig", "i.yaml", "-ai", *where, cwd=elsewhere).code == 0
    assert project.scan("--search-rules=r.yaml", "--ignore_config", "i.yaml", *where, cwd=elsewhere).code == 0


def test_added_results_are_not_found_again(project: ProjectInGit) -> None:
    project.write("ahjo_scan_ignore.yaml", "# why\n- file_path: b.sql\n  rules: [hetu]\n")
    project.write("b.sql", CODE)
    assert project.scan("--add-results-to-ignore").code == 0
    assert (project.directory / "ahjo_scan_ignore.yaml").read_text().startswith("# why\n- file_path: b.sql\n")
    done = project.scan()
    assert done.code == 0
    assert "2 findings ignored" in done.out


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_report_for_a_program_is_all_that_goes_to_standard_output(project: ProjectInGit, form: str) -> None:
    done = project.scan("--format", form, "--mask")
    assert done.code == 1
    assert json.loads(done.out)
    assert CODE not in done.text


def test_the_report_of_hostile_names_and_texts_is_sarif(project: ProjectInGit) -> None:
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n- name: every line\n  pattern: '[^\\n]+'\n")
    for name in ("å ä%2F#?.sql", "new\nline.sql", "utf16.sql"):
        project.write(name, f"\ufeff{CODE} \u2028 😀 \x01\r\n".encode("utf-16" if name == "utf16.sql" else "utf-8"))
    project.write("latin.sql", f"{CODE} \xe5\udcff".encode("latin-1", "surrogateescape"))
    document = json.loads(project.scan("--format", "sarif").out)
    SARIF.validate(document)
    assert len(document["runs"][0]["results"]) == 10


def test_a_report_can_go_into_a_file(project: ProjectInGit) -> None:
    done = project.scan("--format", "sarif", "--output", "out.sarif")
    assert f"a.sql:1:1: hetu: {CODE}\n" in done.out
    assert json.loads((project.directory / "out.sarif").read_text())["version"] == "2.1.0"


def test_wrong_files_and_flags_exit_with_2(project: ProjectInGit) -> None:
    assert project.scan("--format", "xml").code == 2
    assert project.scan("--stage", "--since", "HEAD").code == 2
    assert project.scan("--nonsense").code == 2
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n- name: unheard_of\n")
    done = project.scan()
    assert done.code == 2
    assert done.err.count("unheard_of") == 1
    assert "ahjo_scan_rules.yaml:2" in done.err


def test_the_files_of_the_scan_itself_are_not_scanned(project: ProjectInGit) -> None:
    project.write("a.sql", "clean")
    project.write("ahjo_scan_ignore.yaml", f"- file_path: x.sql\n  matches: [{CODE}]\n")
    assert project.scan().code == 0


def test_help_lists_the_options(project: ProjectInGit) -> None:
    done = project.scan("--help")
    assert done.code == 0
    assert "--add-results-to-ignore" in done.out


def test_a_project_s_tasks_have_no_say_in_ahjo_scan(project: ProjectInGit) -> None:
    project.write("tasks.py", "import a_package_that_is_missing\n")
    assert project.scan("-q").code == 1


def test_inv_scan_is_the_same_and_needs_no_config(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n")
    project.write("a.sql", CODE)
    done = project.inv("scan", "--quiet", config=None)
    assert (done.code, done.out) == (1, f"a.sql:1:1: hetu: {CODE}\n")


def test_a_log_does_not_keep_what_was_found(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"sql_dialect": "sqlite", "target_database_name": "a.db"})
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n")
    project.write("a.sql", CODE)
    assert CODE in project.inv("scan").out
    log = (tmp_path / "ahjo.log").read_text("utf-8")
    assert "a.sql:1:1: hetu: ***" in log
    assert CODE not in log


def test_the_program_logs_its_findings_without_what_was_found(project: ProjectInGit) -> None:
    project.write("ahjo_scan_rules.yaml", "- name: hetu\n")
    project.write("a.sql", CODE)
    assert CODE in project.scan("-q").out
    log = (project.directory / "ahjo.log").read_text("utf-8")
    assert "a.sql:1:1: hetu: ***" in log
    assert CODE not in log


def test_a_dry_run_writes_nothing(project: ProjectInGit) -> None:
    before = sorted(project.directory.rglob("*"))
    assert project.scan("--dry", "--init").code == 0
    assert project.scan("--dry", "--add-results-to-ignore").code == 1
    assert project.scan("--dry", program="install_git_hook").code == 0
    assert sorted(project.directory.rglob("*")) == before


def test_files_have_the_names_of_ahjo_and_the_help_lists_every_format() -> None:
    assert (command.RULES_FILE, command.IGNORE_FILE) == ("ahjo_scan_rules.yaml", "ahjo_scan_ignore.yaml")
    assert [name for name in command.FORMATS if name not in command.SCAN_FLAGS["format"].help] == []


@pytest.mark.parametrize(("program", "action"), [("ahjo-scan", "scan"), ("ahjo-install-git-hook", "install_git_hook")])
def test_the_program_has_the_flags_of_the_action_with_the_same_values_by_default(program: str, action: str) -> None:
    flags = {argument.name.replace("-", "_"): argument.default for argument in getattr(module, action).get_arguments()}
    own = vars(standalone.parser(program).parse_args([]))
    assert own == {**flags, "dry": False, "debug": False}


def test_a_failure_of_our_own_is_told_in_a_line_and_with_debug_in_full(
    project: ProjectInGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(standalone.PROGRAMS, "ahjo-scan", standalone.PROGRAMS["ahjo-scan"]._replace(function=broken))
    done = project.scan()
    assert (done.code, done.err.splitlines()[0]) == (1, "Error: ZeroDivisionError: oh")
    with pytest.raises(ZeroDivisionError):
        project.scan("--debug")


def test_the_program_needs_no_invoke(project: ProjectInGit) -> None:
    program = "import sys; sys.modules['invoke'] = None; from ahjo_tasks.cli import scan; scan(['--quiet'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.directory,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, f"a.sql:1:1: hetu: {CODE}\n")


def test_listing_the_action_imports_none_of_the_scan() -> None:
    program = "import sys, ahjo_tasks.actions.scan; print([m for m in sys.modules if m.startswith('ahjo_tasks.scan.')])"
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == "['ahjo_tasks.scan.command']\n"


def test_the_library_knows_neither_invoke_nor_the_terminal() -> None:
    for file in (Path(module.__file__).parents[1] / "scan").glob("[!c]*.py"):
        text = file.read_text("utf-8")
        assert not [word for word in ("invoke", "print(", "input(", "console") if word in text], file


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--stage", "--stage"],
        ["-st", "-q", "--mask"],
        ["--format", "json", "--output", "x y"],
        ["-r", "a", "--dry", "-d", "."],
    ],
)
def test_plain_options_are_read_as_argparse_does(words: list[str]) -> None:
    values = standalone.plain_values(standalone.PROGRAMS["ahjo-scan"], words)
    assert values == vars(standalone.parser("ahjo-scan").parse_args(words))


@pytest.mark.parametrize(
    "words", [["--format=json"], ["--format"], ["--format", ""], ["--format", "-q"], ["--help"], ["more"]]
)
def test_other_options_are_left_to_argparse(words: list[str]) -> None:
    assert standalone.plain_values(standalone.PROGRAMS["ahjo-scan"], words) is None


def test_a_hook_imports_nothing_heavy(project: ProjectInGit) -> None:
    heavy = {"argparse", "dataclasses", "difflib", "html", "inspect", "invoke", "json", "shutil", "sqlalchemy", "yaml"}
    run = "from ahjo_tasks.cli.standalone import run; run('ahjo-scan', ['--stage'])"
    project.write("ahjo_scan_rules.yaml", "- name: email\n  filepath: database/\n")
    program = [sys.executable, "-c", f"import sys; {run}; print(sorted({heavy} & {{*sys.modules}}))"]
    done = subprocess.run(program, cwd=project.directory, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
