"""Promises about build services: the workflow of docs/ci.md, the image, pre-commit, and the built distributions."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from projects import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.DOTALL)[0]
GH = '#!/bin/sh\nfor word; do file=$word; done\ncp "$file" comment.md\n'
POSIX = pytest.mark.skipif(os.name == "nt", reason="only on POSIX: a workflow's lines are for a shell")


class Machine:
    """A checkout with a project on SQLite, as a job of GitHub Actions sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        programs = folder / "bin"
        programs.mkdir()
        for name, module in (("inv", "invoke"), ("ahjo", "ahjo_tasks")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n', encoding="utf-8")
        (programs / "gh").write_text(GH, encoding="utf-8")
        for program in programs.iterdir():
            program.chmod(0o755)
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AHJO_", "GITHUB_", "CI_"))},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
        }
        self.github = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def run(self, script: str, *, code: int = 0, **environ: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.run("git init --quiet")
    machine.run(
        "ahjo init-project shop --dialect sqlite -ni && cd shop && inv init --config dev.jsonc --non-interactive"
    )
    return machine


def lines_of(job: str) -> list[str]:
    document: dict[str, Any] = yaml.safe_load(WORKFLOW)
    lines = [step["run"] for step in document["jobs"][job]["steps"] if "run" in step]
    return [line for line in lines if not line.startswith("pip install")]


@POSIX
def test_the_workflow_of_the_docs_runs_as_written(machine: Machine) -> None:
    environ = {name: str(value) for name, value in yaml.safe_load(WORKFLOW)["env"].items()}
    built = machine.run(
        "\n".join(["cd shop", *lines_of("build")]), **environ, AHJO_TARGET_DATABASE_NAME="build.db", **machine.github
    )
    assert "nothing to do" in built
    planned = machine.run("\n".join(["cd shop", *lines_of("plan")]), **environ, **machine.github, PULL_REQUEST="1")
    assert "::notice file=shop/database/views/" in planned
    assert "| + | view |" in (machine.folder / "shop" / "comment.md").read_text(encoding="utf-8")
    assert "| + | view |" in machine.summary.read_text(encoding="utf-8")
    done = machine.run("\n".join(["cd shop", *lines_of("deploy")]), **environ, **machine.github)
    assert "deployed" in done
    report = ET.parse(machine.folder / "shop" / "build" / "tests.xml").getroot()
    assert int(report.get("tests", "0")) > 0
    assert report.get("failures") == "0"


@POSIX
def test_a_deploy_that_fails_is_an_annotation_at_its_file_and_line(machine: Machine) -> None:
    view = machine.folder / "shop" / "database" / "views" / "bad.sql"
    view.write_text(
        "CREATE VIEW fine AS SELECT 1 AS one;\n\nCREATE VIEW bad AS\nSELECT FROM nothing;\n", encoding="utf-8"
    )
    deploy = "cd shop && inv deploy --config dev.jsonc --non-interactive"
    printed = machine.run(deploy, code=1, **machine.github)
    (found,) = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert re.match(r"::error file=shop/database/views/bad\.sql,line=[34],", found), found
    assert "**Error:** " in machine.summary.read_text(encoding="utf-8")


@POSIX
def test_the_tests_and_the_deploy_are_in_the_summary_of_the_job(machine: Machine) -> None:
    machine.run("cd shop && inv deploy data test --config dev.jsonc --non-interactive", **machine.github)
    summary = machine.summary.read_text(encoding="utf-8")
    assert re.search(r"^deploy succeeded: \d+ steps in ", summary, re.MULTILINE), summary
    assert re.search(r"^### \d+/\d+ checks passed in ", summary, re.MULTILINE), summary


@POSIX
@pytest.mark.parametrize("command", ["plan", "drift", "status", "test", "history", "lock", "doctor", "deploy"])
def test_every_json_document_names_its_version(machine: Machine, command: str) -> None:
    machine.run("cd shop && inv deploy --config dev.jsonc --non-interactive")
    shown = machine.run(f"cd shop && AHJO_NON_INTERACTIVE=1 inv {command} --config dev.jsonc --format json")
    assert json.loads(shown)["format_version"] == 1


BAD_TEST = "SELECT 'totals' AS test_name, 'FAIL' AS result;\n"
BAD_VIEW = "CREATE VIEW bad AS\nSELECT FROM nothing;\n"
FAILURES = {
    "deploy": (1, "views/bad.sql"),
    "drift": (5, "views/bad.sql"),
    "status": (0, "views/bad.sql"),
    "test": (1, "tests/bad.sql"),
}
"""By action: its exit code in a project with a view that the database refuses and a check that fails, and the file."""


@POSIX
@pytest.mark.parametrize("form", ["json", "markdown", "github", "junit"])
@pytest.mark.parametrize("action", FAILURES)
def test_a_report_in_a_file_has_what_failed(machine: Machine, action: str, form: str) -> None:
    shop = machine.folder / "shop"
    machine.run("cd shop && inv deploy data --config dev.jsonc --non-interactive")
    (shop / "database/views/bad.sql").write_text(BAD_VIEW, encoding="utf-8")
    (shop / "database/tests/bad.sql").write_text(BAD_TEST, encoding="utf-8")
    (shop / "dev.jsonc").write_text(
        (shop / "dev.jsonc").read_text("utf-8").replace('"BACKEND": {', '"BACKEND": {"exit_on_test_failure": true,'),
        encoding="utf-8",
    )
    code, file = FAILURES[action]
    output = f"--format {form} --output build/report"
    shown = machine.run(f"cd shop && AHJO_NON_INTERACTIVE=1 inv {action} --config dev.jsonc {output}", code=code)
    report = (shop / "build" / "report").read_text(encoding="utf-8")
    assert "exit=" in shown
    assert file.partition("/")[2] in report.replace("\\", "")
    if form == "github":
        assert f"file=shop/database/{file}" in report
        assert re.search(r"^::(error|notice) file=", report, re.MULTILINE)
    if form == "junit":
        root = ET.fromstring(report)
        failed = [
            case for case in root.iter("testcase") if case.find("failure") is not None or case.find("error") is not None
        ]
        assert len(failed) == int(root.get("failures", "0")) + int(root.get("errors", "0")) >= 1


@POSIX
def test_a_deploy_that_a_program_reads_has_nothing_else_on_standard_output(machine: Machine) -> None:
    first = json.loads(machine.run("cd shop && inv deploy --config dev.jsonc --non-interactive --format json"))
    again = json.loads(machine.run("cd shop && inv deploy --config dev.jsonc --non-interactive --format json"))
    assert (first["status"], again["status"]) == ("succeeded", "nothing to do")
    assert {"kind": "view", "status": "ok"}.items() <= first["steps"][-2].items() | first["steps"][-1].items()


def test_the_image_is_made_of_files_that_exist_and_runs_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    copied = [shlex.split(line)[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert copied
    assert [name for names in copied for name in names if not (ROOT / name).exists()] == []
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER ahjo" in last_stage
    assert last_stage[-1] == 'ENTRYPOINT ["ahjo"]'


def test_the_hooks_of_pre_commit_are_programs_of_the_package() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert {hook["entry"].split()[0] for hook in hooks} <= set(scripts)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the source distribution, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    return folder


def test_the_distributions_are_the_same_wherever_and_whenever_they_are_built(dist: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    built = ("ahjo_tasks", "project_template", "docs", "tests", "benchmarks", ".github", ".ci")
    names = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if name.partition("/")[0] in built or "/" not in name:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
            os.utime(copy / name, (0, 1_000_000_000))
    again = tmp_path / "again"
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(again)], cwd=copy, check=True)
    assert {each.name: each.read_bytes() for each in again.iterdir()} == {
        each.name: each.read_bytes() for each in dist.iterdir()
    }


def test_the_dependencies_are_audited_and_the_artefacts_attested() -> None:
    workflows = {
        name: yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
        for name in ("ci", "release")
    }
    lines = [step.get("run", "") for step in workflows["ci"]["jobs"]["audit"]["steps"]]
    assert any("pip_audit" in line and "requirements-dev.txt" in line for line in lines)
    release = workflows["release"]["jobs"]["release"]
    assert {"id-token", "attestations"} <= release["permissions"].keys()
    assert any(step.get("uses", "").startswith("actions/attest-build-provenance@") for step in release["steps"])
    assert workflows["release"]["jobs"]["pypi"]["permissions"] == {"id-token": "write"}
    assert all(workflow["permissions"] == {"contents": "read"} for workflow in workflows.values())


def test_the_distributions_hold_types_template_and_links(dist: Path) -> None:
    (wheel,), (source,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"project_template/empty/tasks.py", "ahjo_tasks/py.typed", "docs/ci.md", "docs/conf.py"} <= names
    with zipfile.ZipFile(wheel) as archive:
        assert {"ahjo_tasks/py.typed", "ahjo_tasks/project_template/empty/tasks.py"} <= {*archive.namelist()}
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert "Project-URL: Homepage, " in archive.read(metadata).decode()


@POSIX
@pytest.mark.parametrize("binary", ["--only-binary", "--no-binary"])
def test_the_tour_of_the_readme_works_from_what_was_built(dist: Path, tmp_path: Path, binary: str) -> None:
    """Its line of pip is run, too; what the package needs is taken from the environment of the tests."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    (tour,) = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (line,) = [line for line in tour.splitlines() if line.startswith("pip install")]
    options = f"--quiet --no-index --no-deps --no-build-isolation --ignore-installed --find-links {dist} {binary} :all:"
    machine = Machine(tmp_path)
    del machine.environ["PYTHONPATH"]
    (machine.folder / "bin" / "ahjo").unlink()
    (machine.folder / "bin" / "inv").write_text(f'#!/bin/sh\nexec "{venv}/bin/python" -m invoke "$@"\n', "utf-8")
    machine.environ["PATH"] = f"{machine.folder}/bin{os.pathsep}{venv}/bin{os.pathsep}{os.environ['PATH']}"
    machine.run(f"python -m {line.replace('pip install', f'pip install {options}')}")
    assert machine.run("ahjo --version").split()
    where = machine.run("python -c 'import ahjo_tasks; print(ahjo_tasks.__file__)'")
    assert where.startswith(str(site)), where
    assert "complete-build: " in machine.run(tour.replace(line, ""))
