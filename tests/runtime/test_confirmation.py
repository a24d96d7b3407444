from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import inv, sqlite
from invoke.tasks import task
from projects import RunningProject, make_project
from revisions import revision

from ahjo_tasks import action, multiaction
from ahjo_tasks.actions.alembic import alembic as standard_alembic
from ahjo_tasks.actions.deploy import deploy as standard_deploy
from ahjo_tasks.actions.drop import downgrade as standard_downgrade
from ahjo_tasks.actions.drop import drop as standard_drop

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.context import Context

    from ahjo_tasks.runtime.context import ActionContext

CONFIG = ("--config", "dev.json")
STEPS = ["init", "deploy", "data", "testdata", "test"]


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path, sqlite())
    made.write("database/views/v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS a;")
    return made


def exists(project: RunningProject) -> bool:
    return (project.directory / "shop.db").exists()


# -- what the config permits -------------------------------------------------------------------------------------------


def test_an_action_that_is_not_allowed_ends_with_3_and_says_what_is(project: RunningProject) -> None:
    project.configure(sqlite(allowed_actions=["deploy", "data"]))
    done = inv(project, "init", *CONFIG)
    assert (done.code, exists(project)) == (3, False)
    assert "permits: deploy, data." in done.err


@pytest.mark.parametrize("allowed", ["ALL", "all", ["ALL"], "init", ["init"]])
def test_a_list_one_name_or_all_is_allowed(project: RunningProject, allowed: object) -> None:
    project.configure(sqlite(allowed_actions=allowed))
    assert inv(project, "init", *CONFIG).code == 0


def test_names_may_be_written_with_underscores(project: RunningProject) -> None:
    project.configure(sqlite(allowed_actions=["complete_build", *STEPS], skipped_actions=["update_git_version"]))
    assert inv(project, "complete-build", *CONFIG).code == 0
    assert "skipped" in inv(project, "update-git-version", *CONFIG).out or exists(project)


def test_every_step_must_be_allowed_which_is_found_before_anything_runs(project: RunningProject) -> None:
    project.configure(sqlite(allowed_actions=["complete-build", "init", "deploy"]))
    done = inv(project, "complete-build", *CONFIG)
    assert (done.code, exists(project)) == (3, False)
    assert "'data' is not allowed" in done.err


def test_a_skipped_action_does_nothing_and_is_no_failure(project: RunningProject) -> None:
    project.configure(sqlite(skipped_actions=["init"]))
    done = inv(project, "init", *CONFIG, yes=False)
    assert (done.code, exists(project)) == (0, False)
    assert "init: skipped, by skipped_actions\ninit: OK=0 FAIL=0 SKIP=1 " in done.out


def test_a_skipped_step_is_left_out_of_the_others(project: RunningProject) -> None:
    project.configure(sqlite(skipped_actions=["deploy", "data"], allowed_actions=["complete-build", *STEPS]))
    done = inv(project, "complete-build", *CONFIG)
    assert done.code == 0, done.text
    assert "v.sql" not in done.out
    assert " SKIP=2 " in done.out


# -- asking ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["init", "deploy", "data", "testdata", "drop", "downgrade", "complete-build"])
def test_without_a_terminal_nothing_runs_unconfirmed(project: RunningProject, name: str) -> None:
    done = inv(project, name, *CONFIG, yes=False)
    assert (done.code, exists(project)) == (3, False)
    assert "was not confirmed" in done.err
    assert "AHJO_NON_INTERACTIVE=1" in done.err


def test_a_real_process_without_a_terminal_does_not_hang(project: RunningProject) -> None:
    assert project.inv("init", yes=False).code == 3


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_the_environment_confirms_a_whole_chain(project: RunningProject, value: str) -> None:
    assert inv(project, "init", "deploy", *CONFIG, yes=False, AHJO_NON_INTERACTIVE=value).code == 0


@pytest.mark.parametrize("value", ["0", "false", "no"])
def test_an_environment_that_says_no_is_no_confirmation(project: RunningProject, value: str) -> None:
    assert inv(project, "init", *CONFIG, yes=False, AHJO_NON_INTERACTIVE=value).code == 3


def test_a_flag_of_one_action_confirms_its_database_for_the_run(project: RunningProject) -> None:
    assert inv(project, "init", "--non-interactive", "deploy", *CONFIG, yes=False).code == 0


def test_consent_to_a_deploy_is_none_to_a_new_database(project: RunningProject) -> None:
    inv(project, "init", *CONFIG)
    assert inv(project, "deploy", "--non-interactive", "init", *CONFIG, yes=False).code == 3


def test_a_chain_asks_once(project: RunningProject) -> None:
    for destroys in (False, True):
        done = inv(project, "init", "deploy", *CONFIG, yes=False, typed=("y",))
        assert done.code == 0, done.text
        assert done.text.count("Are you sure?") == 1
        assert "Warning: init, deploy change sqlite shop.db." in done.text
        assert ("init deletes the database and all its data" in done.text) is destroys


@pytest.mark.parametrize("answer", ["n", "", "N", "yep", "sure"])
def test_anything_but_yes_is_no(project: RunningProject, answer: str) -> None:
    done = inv(project, "init", *CONFIG, yes=False, typed=(answer,))
    assert (done.code, exists(project)) == (3, False)
    assert "declined; nothing was changed" in done.err


def test_the_end_of_input_is_no(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG, yes=False, typed=()).code == 3


def test_an_action_that_only_reads_does_not_ask(project: RunningProject) -> None:
    inv(project, "init", *CONFIG)
    for name in ("config", "version", "test-connection", "test"):
        assert inv(project, name, *CONFIG, yes=False).code == 0, name


def test_an_action_that_calls_a_changing_one_is_asked_when_it_does(project: RunningProject) -> None:
    @action
    def sneaky(ctx: ActionContext) -> None:
        """Forget to say that it changes the database."""
        standard_deploy(ctx)

    inv(project, "init", *CONFIG)
    done = inv(project, "sneaky", *CONFIG, ns=(sneaky,), yes=False)
    assert (done.code, "v.sql" in done.out) == (3, False)


# -- actions that destroy something ------------------------------------------------------------------------------------

DESTROYING = [
    ("init",),
    ("drop",),
    ("downgrade",),
    ("drop-obsolete",),
    ("drop-files", "--files", "database/views/v.sql", "--object-type", "view"),
    ("complete-build",),
]
ONE = "--non-interactive"
NAME = "--confirm-database=shop.db"


@pytest.fixture
def deployed(project: RunningProject) -> RunningProject:
    revision(project, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))', 'op.drop_table("item")')
    project.write("database/drop_obsolete_objects.sql", "DROP TABLE IF EXISTS gone;\n")
    assert inv(project, "init", "deploy", *CONFIG).code == 0
    return project


def content(project: RunningProject) -> str:
    connection = sqlite3.connect(project.directory / "shop.db")
    text = "\n".join(connection.iterdump())
    connection.close()
    return text


@pytest.mark.parametrize("flag", [ONE, NAME])
@pytest.mark.parametrize("is_protected", [False, True])
@pytest.mark.parametrize(
    "chain", [("deploy", "data", "-"), ("-", "deploy", "data"), ("deploy", "-", "data"), ("deploy", "version", "-")]
)
def test_a_flag_anywhere_in_the_chain_answers_for_all_that_only_add_or_change(
    deployed: RunningProject, chain: tuple[str, ...], is_protected: bool, flag: str
) -> None:
    deployed.configure(sqlite(target_database_protected=is_protected))
    words = [flag if word == "-" else word for word in chain]
    done = inv(deployed, *words, *CONFIG, yes=False)
    assert done.code == (3 if is_protected and flag == ONE else 0), done.text


def words_of(template: str, action: tuple[str, ...], flag: str) -> list[str]:
    return [word for part in template.split() for word in {"-": (flag,), "D": action}.get(part, (part,))]


@pytest.mark.parametrize("flag", [ONE, NAME])
@pytest.mark.parametrize("action", DESTROYING, ids=lambda words: words[0])
@pytest.mark.parametrize("template", ["deploy - D", "- deploy D", "D deploy -", "- version D"])
def test_a_flag_elsewhere_answers_for_nothing_that_destroys(
    deployed: RunningProject, template: str, action: tuple[str, ...], flag: str
) -> None:
    deployed.configure(sqlite(target_database_protected=flag == NAME))
    before = content(deployed)
    done = inv(deployed, *words_of(template, action, flag), *CONFIG, yes=False)
    assert (done.code, content(deployed) == before) == (3, True), done.text
    destroying = "init" if action[0] == "complete-build" else action[0]
    assert f"  {destroying} d" in done.err or f"  {destroying} runs the DROP" in done.err
    assert f"{flag.partition('=')[0]}{' NAME' if flag == NAME else ''} after {action[0]} itself" in done.err


@pytest.mark.parametrize("flag", [ONE, NAME])
@pytest.mark.parametrize("action", DESTROYING, ids=lambda words: words[0])
@pytest.mark.parametrize("template", ["D -", "- D", "D - deploy", "deploy D -"])
def test_a_flag_behind_it_or_beside_it_alone_answers_for_what_destroys(
    deployed: RunningProject, template: str, action: tuple[str, ...], flag: str
) -> None:
    deployed.configure(sqlite(target_database_protected=flag == NAME))
    done = inv(deployed, *words_of(template, action, flag), *CONFIG, yes=False)
    assert done.code == 0, done.text


@pytest.mark.parametrize("answer", ["y", "n"])
@pytest.mark.parametrize("flags", [(), (ONE,)])
def test_one_question_lists_every_destroying_action_of_the_chain(
    deployed: RunningProject, answer: str, flags: tuple[str, ...]
) -> None:
    before = content(deployed)
    done = inv(deployed, "deploy", *flags, "drop", "downgrade", *CONFIG, yes=False, typed=(answer,))
    assert (done.code, content(deployed) == before) == ((0, False) if answer == "y" else (3, True)), done.text
    assert done.text.count("Are you sure?") == 1
    together = " ".join(done.err.split())
    assert "Warning: drop drops the objects of the project's SQL files. " in together
    assert "Warning: downgrade drops the objects of the project's SQL files, and undoes all migrations" in together


def test_the_name_given_for_a_deploy_is_none_for_a_downgrade(deployed: RunningProject) -> None:
    deployed.configure(sqlite(target_database_protected=True))
    done = inv(deployed, "deploy", NAME, "downgrade", *CONFIG, yes=False, typed=("shop.db",))
    assert (done.code, done.text.count("Type the name")) == (0, 1), done.text
    assert "Warning: downgrade drops the objects" in done.text


def test_a_new_database_is_no_loss(project: RunningProject) -> None:
    assert inv(project, "init", "deploy", "data", ONE, *CONFIG, yes=False).code == 0
    assert inv(project, "init", "deploy", "data", ONE, *CONFIG, yes=False).code == 3


def test_an_override_destroys_what_the_standard_action_does(deployed: RunningProject) -> None:
    @action(affects_database=True)
    def downgrade(ctx: ActionContext) -> None:
        """Undo all, our way."""
        standard_downgrade(ctx)

    before = content(deployed)
    assert inv(deployed, "deploy", ONE, "downgrade", *CONFIG, ns=(downgrade,), yes=False).code == 3
    assert content(deployed) == before
    assert inv(deployed, "downgrade", ONE, *CONFIG, ns=(downgrade,), yes=False).code == 0


@pytest.mark.parametrize("phrase", ["empties the archive", lambda _ctx, _flags: "empties the archive"])
def test_an_action_of_the_projects_own_can_say_what_it_destroys(deployed: RunningProject, phrase: Any) -> None:
    @action(affects_database=True, destroys=phrase)
    def archive(ctx: ActionContext) -> None:
        """Empty the archive."""

    done = inv(deployed, "deploy", ONE, "archive", *CONFIG, ns=(archive,), yes=False)
    assert (done.code, "  archive empties the archive.\n" in done.err) == (3, True), done.text


def test_a_plain_task_is_answered_for_when_it_is_alone(deployed: RunningProject) -> None:
    @task
    def again(ctx: Context) -> None:
        """Drop and deploy."""
        standard_drop(ctx)
        standard_deploy(ctx)

    for words, code in (((), 3), ((ONE,), 0), (("deploy", ONE), 3)):
        done = inv(deployed, "again", *words, *CONFIG, ns=(again,), yes=False)
        assert done.code == code, done.text


@pytest.mark.parametrize(("command", "code"), [("downgrade base", 3), ("upgrade head", 0), ("stamp head", 0)])
def test_alembics_downgrade_destroys(deployed: RunningProject, command: str, code: int) -> None:
    assert inv(deployed, "alembic", command, "deploy", ONE, *CONFIG, yes=False).code == code
    assert inv(deployed, "alembic", command, ONE, *CONFIG, yes=False).code == 0


def test_alembics_downgrade_is_in_the_one_question_of_the_chain(deployed: RunningProject) -> None:
    before = content(deployed)
    done = inv(deployed, "deploy", "alembic", "downgrade base", "drop", *CONFIG, yes=False, typed=("n",))
    assert (done.code, content(deployed) == before) == (3, True), done.text
    together = " ".join(done.err.split())
    assert "Warning: deploy, alembic, drop change sqlite shop.db. " in together
    assert "Warning: alembic downgrade base undoes migrations, which may drop tables with their data. " in together
    done = inv(deployed, "deploy", "alembic", "downgrade base", *CONFIG, yes=False, typed=("y",))
    assert (done.code, done.text.count("Are you sure?")) == (0, 1), done.text


def test_consent_to_one_command_of_alembic_is_none_to_another(deployed: RunningProject) -> None:
    before = content(deployed)
    chain = ("alembic", "upgrade head", ONE, "alembic", "downgrade base")
    assert inv(deployed, *chain, *CONFIG, yes=False).code == 3
    assert content(deployed) == before


def test_alembic_is_asked_for_where_an_action_calls_it(deployed: RunningProject) -> None:
    @action
    def undo(ctx: ActionContext) -> None:
        """Undo the last migration."""
        standard_alembic(ctx, "downgrade -1")

    before = content(deployed)
    for words, code in (((), 3), (("deploy", ONE), 3)):
        assert inv(deployed, *words, "undo", *CONFIG, ns=(undo,), yes=False).code == code
    assert content(deployed) == before
    done = inv(deployed, "undo", *CONFIG, ns=(undo,), yes=False, typed=("y",))
    assert (done.code, done.text.count("Are you sure?")) == (0, 1), done.text


# -- a protected database ----------------------------------------------------------------------------------------------


@pytest.fixture
def protected(project: RunningProject) -> RunningProject:
    project.configure(sqlite(target_database_protected=True))
    return project


@pytest.mark.parametrize("flags", [(), ("--non-interactive",)])
def test_a_protected_database_stays_protected_without_a_terminal(
    protected: RunningProject, flags: tuple[str, ...]
) -> None:
    done = inv(protected, "init", *flags, *CONFIG)
    assert (done.code, exists(protected)) == (3, False)
    assert "--confirm-database NAME or set AHJO_CONFIRM_DATABASE" in done.err


def test_its_name_is_taken_from_a_flag_or_the_environment(protected: RunningProject) -> None:
    assert inv(protected, "init", "--confirm-database", "shop.db", "deploy", *CONFIG).code == 0
    assert inv(protected, "init", "deploy", *CONFIG, AHJO_CONFIRM_DATABASE="shop.db").code == 0


@pytest.mark.parametrize("name", ["Shop.db", "shop", "y", "other.db"])
def test_another_name_changes_nothing(protected: RunningProject, name: str) -> None:
    assert inv(protected, "init", f"--confirm-database={name}", *CONFIG).code == 3
    assert inv(protected, "init", *CONFIG, AHJO_CONFIRM_DATABASE=name).code == 3
    assert not exists(protected)


def test_on_a_terminal_the_name_is_typed_once(protected: RunningProject) -> None:
    done = inv(protected, "init", "deploy", *CONFIG, yes=False, typed=("shop.db",))
    assert done.code == 0, done.text
    assert done.text.count("Type the name") == 1


@pytest.mark.parametrize("answer", ["y", "", "SHOP.DB"])
def test_on_a_terminal_anything_else_is_no(protected: RunningProject, answer: str) -> None:
    assert inv(protected, "init", *CONFIG, yes=False, typed=(answer,)).code == 3
    assert not exists(protected)


def test_the_name_is_that_of_the_url(project: RunningProject) -> None:
    url = f"sqlite:///{(project.directory / 'real.db').as_posix()}"
    project.configure(sqlite(target_database_protected=True) | {"sqlalchemy.url": url})
    assert inv(project, "init", "--confirm-database", "shop.db", *CONFIG).code == 3
    assert inv(project, "init", "--confirm-database", str(project.directory / "real.db"), *CONFIG).code == 0


def test_a_multiaction_asks_before_its_first_step(protected: RunningProject) -> None:
    steps = multiaction("nightly", "config", "deploy")
    done = inv(protected, "nightly", *CONFIG, ns=(steps,), yes=False)
    assert done.code == 3
    assert "allowed_actions" not in done.out


# -- reading actions and names that no action has ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config", "version", "test-connection", "plot-dependencies"])
def test_an_action_that_only_reads_is_permitted_unless_it_is_refused_by_name(
    project: RunningProject, name: str
) -> None:
    assert inv(project, "init", "--config", "dev.json").code == 0
    project.configure(sqlite(allowed_actions=["deploy"]))
    assert inv(project, name, "--config", "dev.json").code == 0
    for allowed in (["deploy", f"!{name}"], ["ALL", f"!{name.replace('-', '_')}"]):
        project.configure(sqlite(allowed_actions=allowed))
        refused = inv(project, name, "--config", "dev.json")
        assert refused.code == 3
        assert f"it refuses: {name}." in refused.err


def test_an_own_action_is_permitted_by_its_name_alone(project: RunningProject) -> None:
    @action
    def own(ctx: ActionContext) -> None:
        """Do what nobody knows."""
        ctx.console.print("done")

    project.configure(sqlite(allowed_actions=["deploy"]))
    assert inv(project, "own", "--config", "dev.json", ns=(own,)).code == 3
    project.configure(sqlite(allowed_actions=["own"]))
    assert inv(project, "own", "--config", "dev.json", ns=(own,)).code == 0


def test_names_that_no_action_has_are_warned_of_once(project: RunningProject) -> None:
    project.configure(
        sqlite(allowed_actions=["deply", "config", "!drp"], skipped_actions=["tset", "update_git_version"])
    )
    done = inv(project, "config", "config", "--all", "--config", "dev.json")
    assert done.code == 0, done.text
    warned = [line for line in done.text.splitlines() if "there is no action" in line]
    assert [line.partition("dev.json:")[2] for line in warned] == [
        "1: allowed_actions: there is no action 'deply'; did you mean deploy?",
        "1: allowed_actions: there is no action 'drp'; did you mean drop?",
        "1: skipped_actions: there is no action 'tset'; did you mean test?",
    ]
