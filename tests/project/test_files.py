from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import make_project

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.files import ProjectFiles
from ahjo_tasks.project.kinds import KINDS, plural

if TYPE_CHECKING:
    from pathlib import Path


def project(directory: Path, *files: str, name: str = "mssql") -> ProjectFiles:
    for file in files:
        path = directory / "database" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("SELECT 1\n", encoding="utf-8")
    return ProjectFiles(directory, dialect(name))


def labels(files: ProjectFiles, *kinds: str) -> list[str]:
    return [file.label.removeprefix("database/") for file in files.read(kinds)]


def test_files_come_sorted_from_all_folders_below(tmp_path: Path) -> None:
    files = project(tmp_path, "views/b.sql", "views/a/z.SQL", "views/a/b/c.sql", "views/notes.txt", "views/é.sql")
    assert labels(files, "view") == ["views/a/b/c.sql", "views/a/z.SQL", "views/b.sql", "views/é.sql"]


def test_folders_that_no_action_reads_are_named(tmp_path: Path) -> None:
    named = ("view/a.sql", "Procedures/deep/b.sql", "views/c.sql", "archive/d.sql", "docs/e.sql", "f.sql", "g.SQL")
    files = project(tmp_path, *named)
    (tmp_path / "database" / "trigers").mkdir()
    assert files.misnamed() == (
        "database/Procedures is ignored. Did you mean database/procedures?",
        "database/view is ignored. Did you mean database/views?",
    )
    assert files.ignored() == (
        "No action deploys database/f.sql, database/g.SQL; move them into folders, as database/views.",
        "No action deploys database/archive; --files and your own actions can name its files.",
        "No action deploys database/docs; --files and your own actions can name its files.",
    )


def test_the_script_of_the_whole_structure_is_ignored_only_beside_files_in_folders(tmp_path: Path) -> None:
    files = project(tmp_path, "create_db_structure.sql")
    assert files.ignored() == ()
    files = project(tmp_path, "tables/a.sql")
    assert "database/create_db_structure.sql" in files.ignored()[0]


@pytest.mark.parametrize(
    ("folder", "meant"),
    [
        ("stored_procedures", "procedures"),
        ("Stored Procedures", "procedures"),
        ("procs", "procedures"),
        ("indexes", "constraints"),
        ("seeds", "data"),
        ("testdata", "data/testdata"),
        ("materialised-views", "materialized_views"),
        ("Users", "permissions"),
    ],
)
def test_folders_named_by_the_habit_of_other_tools_are_reported(tmp_path: Path, folder: str, meant: str) -> None:
    files = project(tmp_path, f"{folder}/a.sql", name="postgresql")
    assert files.misnamed() == (f"database/{folder} is ignored. Did you mean database/{meant}?",)
    assert files.ignored() == ()


@pytest.mark.parametrize(
    ("name", "kind", "folder"),
    [
        ("mysql", "event", "events"),
        ("postgresql", "materialized view", "materialized_views"),
        ("postgresql", "extension", "extensions"),
        ("mssql", "policy", "security_policies"),
        ("mssql", "partition scheme", "partition_schemes"),
    ],
)
def test_kinds_of_some_databases_are_ignored_on_others_and_said_to_be(
    tmp_path: Path, name: str, kind: str, folder: str
) -> None:
    assert labels(project(tmp_path, f"{folder}/a.sql", name=name), kind) == [f"{folder}/a.sql"]
    other = project(tmp_path, name="sqlite")
    assert labels(other, kind) == []
    assert other.ignored() == (f"database/{folder} is ignored: SQLite has no {plural(kind)}.",)
    assert other.kind_of(other.database / folder / "a.sql") == "script"


def test_hidden_files_are_passed_over_and_named(tmp_path: Path) -> None:
    hidden = (
        "views/._a.sql",
        "views/.#a.sql",
        "views/.ipynb_checkpoints/a-checkpoint.sql",
        "views/~$a.sql",
        ".x/b.sql",
    )
    files = project(tmp_path, "views/a.sql", *hidden)
    (tmp_path / "database/views/.gitkeep").touch()
    assert labels(files, "view") == ["views/a.sql"]
    (note,) = files.ignored()
    assert note.startswith("Hidden files are ignored: database/views/")
    assert note.endswith(" and 1 more.")
    assert [file.label for file in files.read_named(["database/views"])] == ["database/views/a.sql"]
    assert [file.name for file in files.read_named(["database/views/._a.sql"])] == ["._a"]


@pytest.fixture
def linked(tmp_path: Path) -> ProjectFiles:
    """A project with a view, and a folder with another one beside its `database`."""
    (tmp_path / "shop/common/deep").mkdir(parents=True)
    (tmp_path / "shop/common/deep/b.sql").write_text("SELECT 1", encoding="utf-8")
    return project(tmp_path / "shop", "views/a.sql")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_to_folders_of_the_project_are_followed_once(linked: ProjectFiles) -> None:
    views = linked.database / "views"
    (views / "c").symlink_to(linked.directory / "common")
    (views / "d").symlink_to(linked.directory / "common/deep")
    assert labels(linked, "view") == ["views/a.sql", "views/c/deep/b.sql"]
    assert linked.kind_of(views / "c/deep/b.sql") == "view"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize(
    ("link", "target", "message"),
    [
        ("views/c", "../../..", "outside of the project"),
        ("procedures", "../..", "outside of the project"),
        ("views/c.sql", "../../../private.sql", "outside of the project"),
        ("views/c", "..", "a folder that it lies in"),
        ("views/c", "../views", "a folder that it lies in"),
        ("views/c", "nowhere", "is a link to nowhere, which does not exist"),
        ("views/c.sql", "nowhere", "is a link to nowhere, which does not exist"),
        ("views/c.sql", "c.sql", "does not exist"),
        ("procedures", "nowhere", "does not exist"),
    ],
)
def test_links_that_lead_out_of_the_project_or_nowhere_are_refused_by_name(
    linked: ProjectFiles, link: str, target: str, message: str
) -> None:
    (linked.directory.parent / "private.sql").write_text("SELECT 'secret'", encoding="utf-8")
    (linked.database / link).symlink_to(target)
    with pytest.raises(SourceError, match=message) as refused:
        linked.read(["view", "procedure"])
    assert refused.value.path == linked.database / link


def test_both_folders_of_schemas_are_read(tmp_path: Path) -> None:
    files = project(tmp_path, "schema/b.sql", "schemas/a.sql", "schemas/c.sql")
    assert sorted(labels(files, "schema")) == ["schema/b.sql", "schemas/a.sql", "schemas/c.sql"]


def test_testdata_is_no_part_of_data(tmp_path: Path) -> None:
    files = project(tmp_path, "data/a.sql", "data/more/b.sql", "data/testdata/c.sql", "data/testdata/deep/d.sql")
    assert labels(files, "data") == ["data/a.sql", "data/more/b.sql"]
    assert labels(files, "testdata") == ["data/testdata/c.sql", "data/testdata/deep/d.sql"]


def test_the_kind_of_a_file_is_that_of_its_folder(tmp_path: Path) -> None:
    kinds = {"views/deep/a.sql": "view", "data/testdata/a.sql": "testdata", "data/a.sql": "data", "a.sql": "script"}
    files = project(tmp_path, *kinds)
    assert {file: files.kind_of(files.database / file) for file in kinds} == kinds
    assert files.kind_of(tmp_path / "elsewhere.sql") == "script"


def test_every_folder_belongs_to_one_kind() -> None:
    folders = [folder for kind in KINDS.values() for folder in kind.folders]
    assert len(folders) == len(set(folders))


@pytest.mark.parametrize(
    ("name", "folder", "message"),
    [
        ("sqlite", "procedures", "SQLite has no procedures: database/procedures/x.sql"),
        ("postgresql", "assemblies", "PostgreSQL has no assemblies: database/assemblies/x.sql"),
        ("mysql", "schemas", "MySQL has no schemas: database/schemas/x.sql"),
        ("mysql", "rules", "MySQL has no rules: database/rules/x.sql"),
        ("mariadb", "schemas", "MariaDB has no schemas: database/schemas/x.sql"),
    ],
)
def test_what_a_database_lacks_is_refused_by_name(tmp_path: Path, name: str, folder: str, message: str) -> None:
    files = project(tmp_path, f"{folder}/x.sql", name=name)
    kind = next(kind.name for kind in KINDS.values() if folder in kind.folders)
    with pytest.raises(SourceError) as refused:
        files.read([kind])
    assert str(refused.value) == message


def test_named_files_keep_their_order_and_come_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = project(tmp_path, "views/b.sql", "views/a.sql", "procedures/p.sql")
    named = ["database/views/b.sql", "database/procedures", "database/views", "database/views/a.sql"]
    result = [file.name for file in files.read_named(named)]
    assert result == ["b", "p", "a"]
    monkeypatch.chdir(tmp_path / "database")
    assert [file.name for file in files.read_named(["views/a.sql"])] == ["a"]


@pytest.mark.parametrize("name", ["database/missing.sql", "database/empty"])
def test_a_name_that_leads_to_no_file_is_a_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "database/empty").mkdir(parents=True)
    with pytest.raises(UsageError, match=name):
        project(tmp_path).read_named([name])


def test_a_script_that_is_missing_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"drop_obsolete_objects\.sql: the file does not exist"):
        project(tmp_path).read_script("database/drop_obsolete_objects.sql")


@pytest.mark.parametrize("empty", ["", " ", "\t"])
@pytest.mark.parametrize(
    "command", [("deploy",), ("deploy-files",), ("drop-files", "--object-type", "view")], ids=lambda words: words[0]
)
def test_an_empty_path_is_refused_and_not_the_whole_folder(
    tmp_path: Path, empty: str, command: tuple[str, ...]
) -> None:
    project = make_project(tmp_path / "project", sqlite())
    project.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS a;\n")
    done = inv(project, "init", "deploy", *command, "--files", empty, "--config", "dev.json")
    assert (done.code, "an empty path names no file" in done.err) == (2, True), done.text


def test_a_variable_of_a_permission_file_needs_a_value_also_where_there_are_none(tmp_path: Path) -> None:
    files = project(tmp_path, name="postgresql")
    (tmp_path / "roles.sql").write_text('CREATE ROLE "$(role)"', encoding="utf-8")
    with pytest.raises(SourceError, match="role"):
        files.read_script("roles.sql", {}, directives=True, required=True)
    assert files.read_script("roles.sql", {}).text == 'CREATE ROLE "$(role)"'
