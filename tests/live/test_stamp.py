from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed

LEGACY = {
    "with a hash": '"Repository" VARCHAR(255), "Branch" VARCHAR(255), "Commit_hash" VARCHAR(50)',
    "without a time": '"Repository" VARCHAR(255), "Branch" VARCHAR(255), "Commit" VARCHAR(50)',
}


def git(live: Deployed, *arguments: str) -> str:
    identity = ("-c", "user.name=Ahti", "-c", "user.email=ahti@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=live.directory, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def quoted(live: Deployed, text: str) -> str:
    return text.replace('"', "`") if live.target.name == "mysql" else text


def stamped(live: Deployed, table: str = "git_version") -> list[tuple[str, ...]]:
    return live.rows(
        quoted(live, f'SELECT "Repository", "Branch", "Commit" FROM {table} WHERE "Timestamp" IS NOT NULL')
    )


@pytest.fixture
def tagged(live: Deployed) -> Deployed:
    """A project in git, tagged v1, with a remote whose URL has a token in it."""
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS id;\n")
    for command in (
        "init",
        "add .",
        "commit -m one",
        "tag v1",
        "remote add origin https://me:token@git.example.org/shop",
    ):
        git(live, *command.split())
    return live


def test_the_stamp_is_one_row_with_tag_branch_and_origin(tagged: Deployed) -> None:
    tagged.succeed("deploy")
    assert stamped(tagged) == [("https://git.example.org/shop", "main", "v1")]
    git(tagged, "commit", "--allow-empty", "-m", "two")
    tagged.succeed("update-git-version")
    [(_, branch, commit)] = stamped(tagged)
    assert branch == "main"
    assert commit.startswith("v1-1-g")
    shown = tagged.succeed("version").out
    for word in ("https://git.example.org/shop", "main", commit):
        assert word in shown


def test_another_commit_of_the_same_files_is_stamped_alone(tagged: Deployed) -> None:
    tagged.succeed("deploy")
    git(tagged, "commit", "--allow-empty", "-m", "two")
    assert "Plan: 1 git version" in tagged.succeed("deploy").text
    assert stamped(tagged)[0][2].startswith("v1-1-g")
    assert "nothing to do" in tagged.succeed("deploy").text


def test_nothing_is_stamped_when_the_deploy_fails(tagged: Deployed) -> None:
    tagged.write("database/views/w.sql", "CREATE VIEW w AS SELEKT 1;\n")
    tagged.fail("deploy")
    assert not tagged.has("git_version")
    assert "not recorded" in tagged.succeed("version").out
    tagged.write("database/views/w.sql", "CREATE VIEW w AS SELECT 2 AS id;\n")
    (tagged.directory / "database/views/v.sql").unlink()
    tagged.succeed("deploy", "--skip-git-update")
    assert not tagged.has("git_version")


@pytest.mark.parametrize("columns", LEGACY.values(), ids=LEGACY.keys())
def test_a_table_of_an_older_form_is_read_and_made_anew(tagged: Deployed, columns: str) -> None:
    tagged.target.query(quoted(tagged, f"CREATE TABLE git_version ({columns})"), tagged.database)
    tagged.target.query("INSERT INTO git_version VALUES ('old.example', 'dev', 'v0')", tagged.database)
    shown = tagged.succeed("version").out
    assert "old.example" in shown
    assert "v0" in shown
    tagged.succeed("update-git-version")
    assert stamped(tagged) == [("https://git.example.org/shop", "main", "v1")]


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_a_table_of_a_code_page_is_widened_for_letters_beyond_ascii(tagged: Deployed) -> None:
    time = '"Timestamp" DATETIME DEFAULT CURRENT_TIMESTAMP'
    tagged.target.query(f"CREATE TABLE git_version ({LEGACY['without a time']}, {time})", tagged.database)
    git(tagged, "checkout", "-q", "-b", "päivä/漢")
    tagged.succeed("update-git-version")
    assert stamped(tagged) == [("https://git.example.org/shop", "päivä/漢", "v1")]
    assert "päivä/漢" in tagged.succeed("version").out


@pytest.mark.parametrize("target", ["postgresql", "mssql"], indirect=True)
def test_the_table_is_where_the_config_says(tagged: Deployed) -> None:
    tagged.target.query("CREATE SCHEMA own", tagged.database)
    tagged.reconfigure(git_table="stamp", git_table_schema="own")
    tagged.succeed("update-git-version")
    assert len(stamped(tagged, "own.stamp")) == 1
    assert "v1" in tagged.succeed("version").out


def test_a_stamp_that_the_server_refuses_is_a_failure(tagged: Deployed) -> None:
    tagged.target.query("CREATE VIEW git_version AS SELECT 1 AS one", tagged.database)
    refused = tagged.fail("update-git-version")
    rolled_back = tagged.target.name != "mysql"
    assert ("the database is as before" if rolled_back else "The git version was not recorded") in refused.err


def test_an_info_file_goes_before_git(sqlite: Deployed) -> None:
    known = {"repository": "shop", "branch": "release", "commit": "v2"}
    sqlite.write("git_version.json", json.dumps(known))
    sqlite.succeed("update-git-version")
    assert stamped(sqlite) == [("shop", "release", "v2")]
    sqlite.write("below/info.json", json.dumps({**known, "commit": "v3"}))
    sqlite.reconfigure(git_version_info_path="below/info.json")
    sqlite.succeed("update-git-version")
    assert stamped(sqlite) == [("shop", "release", "v3")]


def test_without_git_a_deploy_goes_on_and_an_explicit_stamp_does_not(sqlite: Deployed) -> None:
    sqlite.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS id;\n")
    assert "No git version recorded" in sqlite.succeed("deploy").text
    sqlite.fail("update-git-version")


def test_files_that_are_not_as_committed_are_told(tagged: Deployed) -> None:
    told = "Warning: uncommitted changes: deployed files differ from v1"
    tagged.write("notes.txt", "not in git\n")
    assert told not in tagged.succeed("deploy").text
    go = "GO\n" if tagged.target.name == "mssql" else ""
    tagged.write("database/views/v.sql", f"DROP VIEW IF EXISTS v;\n{go}CREATE VIEW v AS SELECT 2 AS id;\n")
    assert told in tagged.succeed("deploy").text
