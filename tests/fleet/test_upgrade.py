from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Versioned

BOTH = {"v2": ["deploy", "note"], "v3": ["deploy", "note"]}
WAITING = """
from ahjo_tasks import action, namespace


@action
def wait(ctx):
    import time
    print("waiting", flush=True)
    time.sleep(60)


ns = namespace(wait)
"""
MAIN = "import sys; from ahjo_tasks.cli import upgrade; sys.exit(upgrade())"


def untouched(shop: Versioned) -> bool:
    """Whether nothing of an upgrade is left: no worktree, no folder, the checkout where it was."""
    trees = shop.git("worktree", "list").splitlines()
    left = [path.name for path in shop.directory.parent.iterdir() if path.name.startswith("ahjo-")]
    return len(trees) == 1 and not left and shop.git("branch", "--show-current") == "main"


def by_version(shop: Versioned) -> list[str]:
    return [text.split()[0] for text in shop.notes]


def test_versions_run_in_the_order_of_git_whatever_the_order_of_the_file(shop: Versioned) -> None:
    shop.lists({"v3": ["deploy", "note"], "v1": ["fail"], "v2": ["deploy", "note"]})
    before = shop.git("rev-parse", "HEAD")
    result = shop.succeed("upgrade")
    assert "v1 -> v2 -> v3" in result.out
    assert by_version(shop) == ["v2", "v3"]
    assert shop.about == "v3"
    assert shop.rows("SELECT Repository, Branch, [Commit] FROM git_version") == [("shop", "HEAD", "v3")]
    assert untouched(shop)
    assert shop.git("rev-parse", "HEAD") == before


def test_parameters_reach_the_action_as_they_are_written(shop: Versioned) -> None:
    argument = {"text": "it's --dry, 50 % off", "batch": 5, "loud": True, "names": ["a b", "c"]}
    shop.lists({"v2": [["note", argument], ["note", {"names": "one", "batch": -1}]]})
    shop.succeed("upgrade", "--version", "v2")
    assert shop.notes == ["v2 \"it's --dry, 50 % off\" 5 True ['a b', 'c']", "v2 '' -1 False ['one']"]


def test_deploy_files_gets_its_files(shop: Versioned) -> None:
    shop.lists({"v2": [["deploy-files", {"files": ["database/views/about.sql"]}]]})
    shop.succeed("upgrade", "--version", "v2")
    assert shop.about == "v2"
    assert shop.version == "v2"


@pytest.mark.parametrize("path", ["upgrade_actions.yaml", "releases/steps.json"])
def test_the_upgrade_file_has_any_format_and_place(shop: Versioned, path: str) -> None:
    shop.reconfigure(upgrade_actions_file=path)
    texts = {".yaml": "v2:\n  - [note, {batch: 2}]\nv3: [deploy]\n", ".json": '{"v2": ["note"], "v3": ["deploy"]}'}
    shop.write(path, texts[Path(path).suffix])
    shop.commit("upgrade file")
    shop.succeed("upgrade")
    assert shop.version == "v3"


def test_a_version_is_stamped_even_when_none_of_its_actions_does(shop: Versioned) -> None:
    shop.lists({"v2": ["note"]})
    shop.succeed("upgrade", "--version", "v2")
    assert shop.version == "v2"


def test_a_second_run_has_nothing_to_do(shop: Versioned) -> None:
    shop.lists(BOTH)
    shop.succeed("upgrade")
    result = shop.succeed("upgrade")
    assert "v3 is up to date" in result.out
    assert by_version(shop) == ["v2", "v3"]


def test_the_newest_version_may_be_chosen(shop: Versioned) -> None:
    shop.lists(BOTH)
    shop.succeed("upgrade", "--version", "v2")
    assert shop.version == "v2"
    shop.succeed("upgrade")
    assert by_version(shop) == ["v2", "v3"]


def test_an_old_checkout_finds_the_upgrade_file_in_the_wanted_tag(make: Callable[..., Versioned]) -> None:
    shop = make("v1")
    shop.lists({"v2": ["note"]})
    shop.release("v2")
    shop.git("checkout", "--quiet", "v1")
    shop.succeed("upgrade", "--version", "v2")
    assert shop.version == "v2"
    assert shop.git("describe", "--tags") == "v1"


@pytest.mark.parametrize(("tag", "code", "message"), [("v9", 2, "no tag 'v9'"), ("v0", 2, "does not come after v1")])
def test_a_version_that_cannot_be_reached_is_refused(
    make: Callable[..., Versioned], tag: str, code: int, message: str
) -> None:
    shop = make("v1", "v2")
    shop.lists(BOTH)
    shop.git("checkout", "--quiet", "--orphan", "other")
    shop.commit("other")
    shop.git("tag", "v0")
    shop.git("checkout", "--quiet", "main")
    assert message in shop.fail("upgrade", "--version", tag, code=code).err
    assert shop.version == "v1"


def test_dry_shows_the_way_and_does_nothing(shop: Versioned) -> None:
    shop.lists({"v2": ["deploy", ["note", {"batch": 5}]], "v3": ["deploy"]})
    result = shop.succeed("upgrade", "--dry", AHJO_NON_INTERACTIVE="")
    assert "v1 -> v2 -> v3 (dry run: nothing is changed)" in result.out
    assert "deploy, note(batch=5)" in result.out
    assert (shop.version, shop.notes) == ("v1", [])


def test_nothing_is_touched_before_somebody_confirms(shop: Versioned) -> None:
    shop.lists(BOTH)
    result = shop.fail("upgrade", code=3, AHJO_NON_INTERACTIVE="")
    assert "v1 -> v2 -> v3" in result.out
    assert (shop.version, shop.notes) == ("v1", [])
    shop.succeed("upgrade", "--non-interactive", AHJO_NON_INTERACTIVE="")
    assert shop.version == "v3"


def test_a_protected_database_takes_its_name(make: Callable[..., Versioned]) -> None:
    shop = make("v1", "v2", target_database_protected=False)
    shop.reconfigure(target_database_protected=True)
    shop.lists({"v2": ["deploy"]})
    shop.fail("upgrade", code=3)
    shop.succeed("upgrade", "--confirm-database", shop.database)
    assert shop.version == "v2"


@pytest.mark.parametrize("chain", [("deploy", "upgrade"), ("upgrade", "deploy")])
def test_in_a_chain_it_is_asked_before_anything_runs(shop: Versioned, chain: tuple[str, str]) -> None:
    shop.lists({"v2": ["init", "deploy"]})
    for flags in ((), ("--non-interactive", *chain)):  # which answers only for what destroys nothing
        words = flags or chain
        result = shop.fail(*words, code=3, AHJO_NON_INTERACTIVE="")
        assert "upgrade in v2, init deletes the database and all its data" in result.text
        assert (shop.version, shop.notes) == ("v1", [])


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: needs a terminal")
def test_a_version_that_recreates_the_database_is_announced(shop: Versioned) -> None:
    import pty

    shop.lists({"v2": ["init", "deploy"]})
    controller, theirs = pty.openpty()
    command = [sys.executable, "-m", "invoke", "upgrade", "--config", "dev.json", "--version", "v2"]
    with subprocess.Popen(command, cwd=shop.directory, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(controller, b"n\n")
        output = b""
        while chunk := _read(controller):
            output += chunk
    os.close(controller)
    assert process.returncode == 3, output
    shown = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", output.decode()).split())
    assert "upgrade in v2, init deletes the database and all its data, and creates it again." in shown
    assert shop.version == "v1"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # so Linux says that the other end is closed
        return b""


def test_a_dirty_tree_is_refused(shop: Versioned) -> None:
    shop.lists(BOTH)
    shop.write("database/views/about.sql", "CREATE VIEW about AS SELECT 'mine' AS version;\n")
    result = shop.fail("upgrade")
    assert "uncommitted changes: database/views/about.sql" in result.err
    assert shop.version == "v1"


def test_files_that_git_does_not_know_are_no_dirt(shop: Versioned) -> None:
    shop.lists(BOTH)
    shop.write("prod.json", json.dumps({"BACKEND": shop.backend}))
    shop.succeed("upgrade", config="prod.json")
    assert shop.version == "v3"


def test_a_gap_is_named(shop: Versioned) -> None:
    shop.lists({"v3": ["deploy"]})
    result = shop.fail("upgrade", code=2)
    assert "Between v1 and v3 the upgrade file leaves out v2" in result.err


def test_a_file_without_the_next_version_is_no_up_to_date(shop: Versioned) -> None:
    shop.lists({"v1": ["deploy"]})
    result = shop.fail("upgrade", code=2)
    assert "no version after v1, but there are tags: v2, v3" in result.err


def test_two_heads_are_refused_until_one_is_chosen(shop: Versioned) -> None:
    shop.git("checkout", "--quiet", "-b", "side", "v1")
    shop.release("v2b")
    shop.git("checkout", "--quiet", "main")
    shop.lists({**BOTH, "v2b": ["deploy", "note"]})
    result = shop.fail("upgrade", code=2)
    assert "2 newest versions: v2b, v3" in result.err
    shop.succeed("upgrade", "--version", "v2b")
    assert by_version(shop) == ["v2b"]


def test_a_failing_version_stops_the_upgrade_and_the_next_run_resumes_there(shop: Versioned) -> None:
    shop.write(
        "database/views/extra.sql", "CREATE VIEW extra AS SELECT nothing FROM nowhere;\nSELECT * FROM nowhere;\n"
    )
    shop.release("v4")
    shop.git("rm", "--quiet", "database/views/extra.sql")
    shop.release("v5")
    shop.lists(
        {f"v{number}": ["deploy", ["note", {"batch": number}], "version"] for number in (2, 3, 5)}
        | {"v4": ["note", "fail", "deploy"]}
    )
    result = shop.fail("upgrade")
    assert "v4: fail failed with exit code 1" in result.err
    for line in (
        "Upgraded before: v2, v3",
        "Done of v4: note",
        "Not run of v4: deploy",
        "Not started: v5",
        "Version of the database: v3",
    ):
        assert line in result.err
    assert shop.version == "v3"
    assert untouched(shop)
    shop.lists({"v4": ["note"], "v5": ["deploy"]})
    shop.succeed("upgrade")
    assert shop.version == "v5"
    assert by_version(shop) == ["v2", "v3", "v4", "v4"]


def test_a_version_whose_deploy_succeeded_but_not_all_the_rest_does_not_count(shop: Versioned) -> None:
    shop.lists({"v2": ["deploy", "fail"]})
    result = shop.fail("upgrade", "--version", "v2")
    assert "Done of v2: deploy" in result.err
    assert shop.about == "v2"
    assert shop.version == "v1"


def test_what_a_version_logged_stays(shop: Versioned) -> None:
    shop.lists({"v2": ["deploy"]})
    shop.succeed("upgrade", "--version", "v2")
    log = (shop.directory / "ahjo.log").read_text("utf-8")
    assert log.count("view database/views/about.sql") == 2, "once at v1, once in the worktree"


def test_every_mistake_is_found_before_anything_runs(shop: Versioned) -> None:
    shop.lists({"v2": ["deploy", "deplyo"], "v3": [["note", {"bach": 1, "batch": "many", "loud": 1}]]})
    result = shop.fail("upgrade", code=2)
    for message in (
        "upgrade_actions.jsonc:1: v2: There is no action 'deplyo'. Did you mean deploy?",
        "upgrade_actions.jsonc:1: v3: note has no parameter 'bach'; did you mean batch?",
        "upgrade_actions.jsonc:1: v3: note: batch: expected an integer",
        "upgrade_actions.jsonc:1: v3: note: loud: expected a boolean",
    ):
        assert message in result.err
    assert (shop.version, shop.notes) == ("v1", [])
    assert untouched(shop)


def test_a_file_that_a_tag_does_not_have_is_found_before_anything_runs(shop: Versioned) -> None:
    requested = ["database/views/about.sql", "database/views/abuot.sql"]
    shop.release("v4")
    shop.write("database/views/bad.sql", "SELECT '$(unknown)';\n")
    shop.reconfigure(scripting_variables={"known": 1})
    shop.release("v5")
    steps = [["deploy-files", {"files": requested}], ["deploy", {"files": "nowhere"}]]
    shop.lists(BOTH | {"v4": steps, "v5": [["deploy-files", {"files": "database/views"}]]})
    result = shop.fail("upgrade", code=2)
    assert "v4: --files: database/views/abuot.sql does not exist. Paths are relative to the project's" in result.err
    assert "upgrade_actions.jsonc:1: v4: --files: nowhere does not exist" in result.err
    assert "v5: database/views/bad.sql:1:9: the variable unknown has no value" in result.err
    assert (shop.version, shop.notes) == ("v1", [])
    assert untouched(shop)


@pytest.mark.parametrize("step", ["upgrade", "release"])
def test_an_upgrade_inside_an_upgrade_is_found_before_anything_runs(shop: Versioned, step: str) -> None:
    nested = (
        "from ahjo_tasks import multiaction, namespace\nns = namespace(multiaction('release', 'deploy', 'upgrade'))\n"
    )
    shop.release("v4", tasks=nested)
    shop.lists(BOTH | {"v4": [step]})
    result = shop.fail("upgrade", code=2)
    assert "upgrade_actions.jsonc:1: v4: an upgrade cannot be a step of another one" in result.err
    assert shop.version == "v1"


def test_an_action_that_the_config_forbids_is_found_before_anything_runs(shop: Versioned) -> None:
    shop.lists({"v2": ["note"], "v3": ["deploy"]})
    shop.reconfigure(allowed_actions=["upgrade", "note"])
    shop.commit("config")
    result = shop.fail("upgrade", code=2)
    assert "upgrade_actions.jsonc:1: v3: The action 'deploy' is not allowed here" in result.err
    assert shop.notes == []


def test_a_version_made_for_the_predecessor_is_refused(make: Callable[..., Versioned]) -> None:
    shop = make("v1")
    shop.git("rm", "--quiet", "tasks.py")
    shop.write("ahjo_actions.py", "from ahjo.action import action\n")
    shop.release("v2", tasks="")
    shop.lists({"v2": ["deploy"]})
    result = shop.fail("upgrade", code=2)
    assert "upgrade_actions.jsonc:1: v2: there is no tasks.py, only Ahjo's ahjo_actions.py" in result.err


def test_a_version_whose_tasks_cannot_be_imported_is_refused(shop: Versioned) -> None:
    shop.release("v4", tasks="import nonsense_of_ours\n")
    shop.lists(BOTH | {"v4": ["deploy"]})
    result = shop.fail("upgrade", code=2)
    assert "v4: " in result.err
    assert "nonsense_of_ours" in result.err


@pytest.mark.parametrize("commit", [None, "v1-3-gabcdef0"])
def test_a_database_without_a_tagged_version_is_refused(shop: Versioned, commit: str | None) -> None:
    shop.lists(BOTH)
    change = f"UPDATE git_version SET [Commit] = '{commit}'" if commit else "DROP TABLE git_version"
    shop.target.query(change, shop.database)
    result = shop.fail("upgrade")
    assert "inv update-git-version" in result.err
    assert (commit or "No git version is recorded") in result.err


def test_several_tags_of_one_commit_do_not_confuse_the_stamp(shop: Versioned) -> None:
    shop.git("tag", "--annotate", "--message", "x", "release-2", "v2")
    shop.lists(BOTH)
    shop.succeed("upgrade")
    assert by_version(shop) == ["v2", "v3"]
    assert shop.version == "v3"


def test_a_tag_that_is_listed_but_not_made_yet_is_said(shop: Versioned) -> None:
    shop.lists({**BOTH, "v4": ["deploy"]})
    assert "Warning: Listed, but no tags here: v4" in shop.succeed("upgrade").err
    assert shop.version == "v3"


def test_relative_paths_of_the_config_mean_the_users_own_files(make: Callable[..., Versioned]) -> None:
    shop = make("v1", "v2")
    database = shop.directory / "data" / "shop.db"
    database.parent.mkdir()
    Path(shop.database).rename(database)
    backend = {"target_database_name": "data/shop.db"}
    shop.write("conf/prod.json", json.dumps({"BACKEND": {**shop.backend, **backend}, "LOCAL": "mine.json"}))
    shop.write("conf/mine.json", '{"BACKEND": {"git_table": "own_version"}}')
    shop.target.query("ALTER TABLE git_version RENAME TO own_version", str(database))
    shop.lists({"v2": ["deploy"]})
    shop.succeed("upgrade", config="conf/prod.json")
    assert shop.target.query("SELECT [Commit] FROM own_version", str(database)) == [("v2",)]
    assert shop.target.query("SELECT version FROM about", str(database)) == [("v2",)]


def test_a_project_in_a_subfolder_and_the_command_of_old(make: Callable[..., Versioned]) -> None:
    shop = make("v1", "v2")
    inner = shop.directory / "inner"
    names = shop.git("ls-files").splitlines()
    inner.mkdir()
    shop.git("mv", *{name.partition("/")[0] for name in names if name != ".gitignore"}, "inner")
    shop.commit("move")
    shop.git("tag", "v3")
    shop.write("inner/upgrade_actions.jsonc", '{"v3": ["deploy", "note"]}')
    shop.commit("upgrade file")
    shop.target.query("UPDATE git_version SET [Commit] = 'v2'", shop.database)
    result = shop.run(sys.executable, "-c", MAIN, "inner/dev.json", "-v", "v3", "-ni", "-p", yes=False)
    assert result.code == 0, result.text
    assert shop.about == "v2"
    assert shop.version == "v3"


def test_a_hook_of_the_user_is_not_run(shop: Versioned) -> None:
    hook = shop.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch $(git rev-parse --git-common-dir)/../hooked.log\n")
    hook.chmod(0o755)
    shop.lists({"v2": ["deploy"]})
    shop.succeed("upgrade", "--version", "v2")
    assert not (shop.directory / "hooked.log").exists()


def test_a_worktree_of_a_run_that_was_killed_is_removed_by_the_next(shop: Versioned) -> None:
    shop.lists(BOTH)
    left = shop.directory.parent / "ahjo-upgrade-dead" / "1" / "shop"
    shop.git("worktree", "add", "--quiet", "--detach", str(left), "v2")
    shop.succeed("upgrade")
    assert untouched(shop)


@contextmanager
def midway(shop: Versioned) -> Iterator[subprocess.Popen[str]]:
    """An upgrade that has come past v3, and waits in the middle of v4."""
    shop.release("v4", tasks=WAITING)
    shop.lists({**BOTH, "v4": ["wait"]})
    command = [sys.executable, "-m", "invoke", "upgrade", "--config", "dev.json", "--non-interactive"]
    environ = {**os.environ, "TMPDIR": str(shop.directory.parent)}
    with subprocess.Popen(
        command, cwd=shop.directory, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("waiting"):
                break
        yield process


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: a signal to one process")
def test_an_interrupted_upgrade_ends_its_worker_and_cleans_up(shop: Versioned) -> None:
    with midway(shop) as process:
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert time.monotonic() - began < 20
    assert process.returncode == 130, rest
    assert shop.version == "v3"
    assert untouched(shop)


def test_a_killed_upgrade_is_resumed_by_the_next_which_cleans_up(shop: Versioned) -> None:
    with midway(shop) as process:
        process.kill()
        process.communicate()
    assert shop.version == "v3"
    assert len(shop.git("worktree", "list").splitlines()) == 2
    shop.lists({**BOTH, "v4": ["version"]})
    result = shop.succeed("upgrade")
    assert "Plan: v3 -> v4" in result.out
    assert shop.version == "v4"
    assert by_version(shop) == ["v2", "v3"]
    assert untouched(shop)


def test_of_two_upgrades_at_once_the_second_leaves_with_the_owners_name(shop: Versioned) -> None:
    with midway(shop) as process:
        result = shop.fail("upgrade", code=4)
        assert f"(pid {process.pid})" in result.err
        process.kill()
        process.communicate()
    assert by_version(shop) == ["v2", "v3"]


def test_one_transaction_for_an_action_keeps_its_promise(make: Callable[..., Versioned]) -> None:
    shop = make("v1")
    shop.reconfigure(context_connectable_type="connection", transaction_mode="begin_once")
    shop.release("v2")
    shop.lists({"v2": ["note", "fail"]})
    shop.fail("upgrade")
    assert (shop.version, by_version(shop)) == ("v1", ["v2"])
    shop.lists({"v2": ["deploy"]})
    shop.succeed("upgrade")
    assert shop.version == "v2"


def test_a_folder_without_git_is_told(make: Callable[..., Versioned]) -> None:
    shop = make("v1")
    (shop.directory / ".git").rename(shop.directory / "no.git")
    assert "is not in a git repository" in shop.fail("upgrade").err
