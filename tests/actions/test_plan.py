"""Plans: what a deploy would do is shown in several forms, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import Terminal, inv, sqlite
from projects import RunningProject, make_project

from ahjo_tasks import action
from ahjo_tasks.actions.deploy import deploy as standard_deploy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = ("--config", "dev.json")
REVISIONS = {
    "1f": "op.create_table('shop', sa.Column('id', sa.Integer), sa.Column('old', sa.Text))",
    "2f": "op.get_bind().exec_driver_sql('SELECT 1').fetchall(); op.execute('DELETE FROM shop')",
    "3f": "op.drop_column('shop', 'old')",
}


def revision(name: str, before: str | None, body: str) -> str:
    head = f'"""step {name}"""\nrevision = "{name}"\ndown_revision = {before!r}\n'
    return f"{head}import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade():\n    {body}\n"


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path, sqlite())
    made.write("alembic.ini", "[alembic]\nscript_location = alembic\n")
    made.write("alembic/env.py", "from ahjo_tasks.alembic_env import run\n\nrun()\n")
    before = None
    for name, body in REVISIONS.items():
        made.write(f"alembic/versions/{name}.py", revision(name, before, body))
        before = name
    made.write("database/views/a.sql", "DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 1 AS one;")
    made.write("database/views/b.sql", "DROP VIEW IF EXISTS b; CREATE VIEW b AS SELECT 2 AS b; DROP VIEW IF EXISTS z;")
    return made


@pytest.fixture
def deployed(project: RunningProject) -> RunningProject:
    assert inv(project, "init", "deploy", *CONFIG).code == 0
    return project


def plan(project: RunningProject, *flags: str) -> str:
    done = inv(project, "plan", *flags, *CONFIG, yes=False)
    assert done.code == 0, done.text
    return done.out


def test_revisions_are_shown_as_sql_and_else_as_source(project: RunningProject) -> None:
    first, second, third = json.loads(plan(project, "--format", "json"))["changes"][0]["revisions"]
    assert (first["is_sql"], "CREATE TABLE shop" in first["text"]) == (True, True)
    assert (second["is_sql"], second["text"].startswith("def upgrade()")) == (False, True)
    assert (third["is_sql"], third["text"]) == (True, "ALTER TABLE shop DROP COLUMN old;")
    assert "alembic_version" not in first["text"]
    assert "    + 3 revisions up to" in plan(project)


def test_what_is_destroyed_is_listed_and_counted(project: RunningProject) -> None:
    losses = [item["what"] for item in json.loads(plan(project, "--format", "json"))["destroys"]]
    assert losses == ["DELETE FROM shop without WHERE", "DROP COLUMN shop.old", "DROP VIEW z"]
    tree = plan(project)
    assert "destroys 3 things" in tree
    assert "x DROP COLUMN shop.old  (alembic/versions/3f.py)" in tree
    assert "> This destroys 3 things:" in plan(project, "--format", "markdown")


def test_an_env_without_offline_mode_is_not_run(project: RunningProject) -> None:
    project.write("alembic/env.py", "raise SystemExit('env.py ran')\n")
    revisions = json.loads(plan(project, "--format", "json"))["changes"][0]["revisions"]
    assert [each["is_sql"] for each in revisions] == [False, False, False]


def test_a_tree_has_a_branch_for_each_kind_and_counts_last(deployed: RunningProject) -> None:
    deployed.write("database/views/a.sql", "DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 3 AS one;")
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    lines = plan(deployed).splitlines()
    assert "  views  database/views" in lines
    assert "    ~ a.sql  changed" in lines
    assert "    + c.sql  new" in lines
    assert lines[lines.index("  Plan: 2 views") + 1] == "    1 new, 1 changed, 1 unchanged"
    assert "+DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 3 AS one;" in plan(deployed, "--diff")


def test_many_files_that_did_not_change_are_not_listed_one_by_one(deployed: RunningProject) -> None:
    for number in range(30):
        deployed.write(f"database/views/v{number}.sql", f"CREATE VIEW v{number} AS SELECT 1 AS one;")
    assert inv(deployed, "deploy", *CONFIG).code == 0
    assert "> and 21 more" in plan(deployed, "--all")
    assert plan(deployed, "--all", "--diff").count("    > v") == 30


def test_a_dry_run_on_a_terminal_is_a_tree_and_numbered_lines_in_a_pipe(project: RunningProject) -> None:
    terminal = inv(project, "deploy", "--dry", *CONFIG, typed=())
    assert "    + a.sql" in terminal.out
    pipe = inv(project, "deploy", "--dry", *CONFIG)
    numbered = [line.strip() for line in pipe.out.splitlines() if line.strip()[:2] in {"1.", "2.", "3."}]
    labels = ["migration 3 revisions up to 3f", "view database/views/a.sql", "view database/views/b.sql"]
    assert numbered == [f"{number}. {label}" for number, label in enumerate(labels, 1)]
    assert "destroys: DROP COLUMN shop.old" in pipe.out


def test_annotations_have_paths_from_the_top_of_the_repository(tmp_path: Path, project: RunningProject) -> None:
    inner = RunningProject(tmp_path / "inner")
    (tmp_path / ".git").mkdir()
    for path in ("tasks.py", "dev.json", "invoke.yaml"):
        inner.write(path, (project.directory / path).read_text())
    inner.write("database/views/a,b.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    lines = plan(inner, "--format", "github").splitlines()
    assert "::notice file=inner/database/views/a%2Cb.sql,title=ahjo plan::new" in lines


def test_markdown_shows_names_as_they_are(project: RunningProject) -> None:
    project.write("database/views/x|y_`z.sql", "CREATE VIEW x AS SELECT '```' AS one;")
    text = plan(project, "--format", "markdown")
    assert r"| + | view | database/views/x\|y\_\`z.sql | new |" in text


def test_a_name_stays_in_its_line(project: RunningProject) -> None:
    project.write("database/views/x\n  9. view y.sql", 'DROP TABLE IF EXISTS "t\nt"; CREATE VIEW x AS SELECT 1 AS one;')
    assert plan(project).splitlines().count(r"    + x\x0a  9. view y.sql  new") == 1
    assert r'    x DROP TABLE "t\x0at"' in plan(project)
    piped = inv(project, "deploy", "--dry", *CONFIG).out.splitlines()
    assert not [line for line in piped if line.startswith("  9. ")]
    assert [line for line in piped if line.endswith(r"view database/views/x\x0a  9. view y.sql")]


def test_a_report_is_written_to_a_file(project: RunningProject) -> None:
    assert "changes" not in plan(project, "--format", "json", "--output", "out/plan.json")
    assert json.loads((project.directory / "out/plan.json").read_text())["format_version"] == 1


def test_secrets_are_covered_in_every_form(project: RunningProject) -> None:
    project.configure({**sqlite(), "scripting_variables": {"api_password": "s3cret-value"}})
    project.write("alembic/versions/3f.py", revision("3f", "2f", "op.execute(\"SELECT 's3cret-value'\")"))
    for form in ("tree", "json", "markdown", "github"):
        assert "s3cret-value" not in plan(project, "--format", form)
    plan(project, "--format", "markdown", "--output", "plan.md")
    assert "s3cret-value" not in (project.directory / "plan.md").read_text()


def test_planning_writes_nothing(deployed: RunningProject) -> None:
    deployed.write("alembic/versions/4f.py", revision("4f", "3f", "op.add_column('shop', sa.Column('x', sa.Integer))"))
    deployed.write("database/views/a.sql", "DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 3 AS one;")
    with sqlite3.connect(deployed.directory / "shop.db") as connection:
        connection.execute("DROP VIEW b")
    files = [path for path in deployed.directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    before = {path: path.stat().st_mtime_ns for path in files if path.name != "ahjo.log"}
    for command in (("plan", "--diff"), ("status",), ("deploy", "--dry")):
        assert inv(deployed, *command, *CONFIG).code == 0
    after = {path: path.stat().st_mtime_ns for path in before}
    assert after == before


def save(project: RunningProject, *flags: str) -> str:
    plan(project, "--out", "plan.json", *flags)
    return (project.directory / "plan.json").read_text()


def apply_plan(project: RunningProject, code: int = 0) -> str:
    done = inv(project, "deploy", "--plan", "plan.json", *CONFIG)
    assert done.code == code, done.text
    return done.text


def has_view(project: RunningProject, name: str) -> bool:
    with sqlite3.connect(project.directory / "shop.db") as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [name]).fetchall())


def test_a_saved_plan_is_applied_once(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    save(project)
    apply_plan(project)
    assert has_view(project, "a")
    text = apply_plan(project, code=5)
    assert "state: the last deploy is " in text
    assert "was none" in text


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("database/views/a.sql", "CREATE VIEW a AS SELECT 9 AS one;", "files: database/views/a.sql has changed"),
        ("database/views/n.sql", "CREATE VIEW n AS SELECT 9 AS one;", "files: database/views/n.sql is new in it"),
        ("docs/db_objects/x.json", "{}", "files: docs/db_objects has changed"),
    ],
)
def test_a_plan_is_refused_after_a_change_of_a_file(
    deployed: RunningProject, path: str, text: str, reason: str
) -> None:
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    save(deployed)
    deployed.write(path, text)
    assert reason in apply_plan(deployed, code=5)
    assert not has_view(deployed, "c")


def test_a_plan_is_refused_after_a_change_of_a_revision_or_env(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    for path in ("alembic/versions/3f.py", "alembic/env.py"):
        save(project)
        file = project.directory / path
        file.write_text(file.read_text() + "\n# later\n")
        assert f"files: {path} has changed" in apply_plan(project, code=5)
    assert not has_view(project, "a")


def test_a_plan_is_refused_after_a_change_in_the_database(deployed: RunningProject) -> None:
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    save(deployed)
    with sqlite3.connect(deployed.directory / "shop.db") as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    assert "version: objects in the database were changed since" in apply_plan(deployed, code=5)
    assert not has_view(deployed, "c")


def test_a_plan_is_refused_for_another_database(deployed: RunningProject) -> None:
    save(deployed)
    deployed.configure(sqlite() | {"target_database_name": "other.db"})
    assert inv(deployed, "init", *CONFIG).code == 0
    assert "identity: it is for sqlite shop.db, and this is sqlite other.db" in apply_plan(deployed, code=5)


def test_a_plan_for_no_database_is_refused_where_there_is_one(project: RunningProject) -> None:
    save(project)
    assert inv(project, "init", *CONFIG).code == 0
    assert "identity: the database did not exist then" in apply_plan(project, code=5)


def test_a_stale_plan_can_be_shown(deployed: RunningProject) -> None:
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    save(deployed)
    (deployed.directory / "database/views/c.sql").unlink()
    assert "    + c.sql" in plan(deployed, "--show", "plan.json")
    shown = json.loads(plan(deployed, "--show", "plan.json", "--format", "json"))
    assert [entry["file"] for entry in shown["changes"]] == ["database/views/c.sql"]


def test_a_plan_keeps_the_flags_that_it_was_made_with(deployed: RunningProject) -> None:
    (deployed.directory / "database/views/a.sql").unlink()
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    save(deployed, "--prune")
    refused = inv(deployed, "deploy", "--plan", "plan.json", *CONFIG, yes=False)
    assert (refused.code, "drops the objects" in refused.err) == (3, True)
    apply_plan(deployed)
    assert (has_view(deployed, "a"), has_view(deployed, "c")) == (False, True)
    assert inv(deployed, "deploy", "--plan", "plan.json", "--all", *CONFIG).code == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: "{", "is not a valid plan"),
        (lambda _: "[]", "is not a valid plan"),
        (lambda _: "{}", "is not a plan"),
        (lambda text: text.replace('"format_version": 1,\n  "made"', '"format_version": 2,\n  "made"'), "reads 1"),
        (lambda text: text.replace('"exists": true', '"exists": "yes"'), "Expected `bool`, got `str` - at `$.basis"),
        (lambda text: text.replace('"basis"', '"base"'), "missing required field `basis`"),
        (lambda _: "[" * 100_000, "is not a valid plan"),
    ],
)
def test_a_plan_file_is_not_trusted(deployed: RunningProject, change: Callable[[str], str], message: str) -> None:
    deployed.write("plan.json", change(save(deployed)))
    for command in (("plan", "--show", "plan.json"), ("deploy", "--plan", "plan.json")):
        done = inv(deployed, *command, *CONFIG)
        assert done.code == 2
        assert message in done.err.replace("\n", " ")


def test_a_plan_file_cannot_steer_the_terminal(deployed: RunningProject) -> None:
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    deployed.write("plan.json", save(deployed).replace("views/c.sql", "views/\\u001b[2Jc.sql"))
    for form in ("tree", "json", "markdown", "github"):
        assert "\x1b" not in plan(deployed, "--show", "plan.json", "--format", form)


def test_a_saved_plan_has_no_secret(project: RunningProject) -> None:
    secret = {"scripting_variables": {"api_password": "s3cret-value"}}
    project.configure({**sqlite(), **secret})
    project.write("database/views/a.sql", "DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT '$(api_password)' AS one;")
    text = save(project)
    plain = hashlib.sha256(b"DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 's3cret-value' AS one;").hexdigest()
    assert "s3cret-value" not in text
    assert plain not in text


def test_the_question_comes_after_the_plan_and_names_what_is_destroyed(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    done = inv(project, "deploy", *CONFIG, yes=False, typed=("n",))
    assert done.code == 3
    assert "    + a.sql" in done.out
    assert done.out.index("    + a.sql") < done.out.index("Are you sure?")
    assert "It destroys data: DROP COLUMN shop.old in alembic/versions/3f.py." in done.err
    assert not has_view(project, "a")
    assert inv(project, "deploy", *CONFIG, yes=False, typed=("y",)).code == 0
    assert has_view(project, "a")


class Meddler(Terminal):
    """A terminal whose user answers only after something was done, and with no lock held."""

    def __init__(self, answers: list[tuple[Callable[[], object], str]]) -> None:
        super().__init__()
        self.answers = answers

    def readline(self, *_: object) -> str:  # type: ignore[override]
        before, answer = self.answers.pop(0)
        before()
        return f"{answer}\n"


@pytest.mark.parametrize(("second", "code"), [("y", 0), ("n", 3)])
def test_a_plan_that_differs_after_the_answer_is_asked_for_again(
    deployed: RunningProject, second: str, code: int
) -> None:
    def meddle() -> None:
        deployed.write("database/views/n.sql", "CREATE VIEW n AS SELECT 1 AS one;")
        with sqlite3.connect(deployed.directory / "shop.db", timeout=0) as connection:
            connection.execute("CREATE TABLE other (id INTEGER)")  # fails where a transaction is held

    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    terminal = Meddler([(meddle, "y"), (lambda: None, second)])
    done = inv(deployed, "deploy", *CONFIG, yes=False, typed=terminal)
    assert done.code == code, done.text
    assert "This differs from the plan that you agreed to." in done.err
    assert done.out.count("Are you sure?") == 2
    assert (has_view(deployed, "n"), has_view(deployed, "c")) == (code == 0, code == 0)


def test_a_revision_that_is_edited_while_the_question_waits_is_shown_and_asked_for(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0

    def edit() -> None:
        file = project.directory / "alembic/versions/3f.py"
        file.write_text(
            file.read_text().replace("'old'", "'name', schema=None").replace('"old"', '"name", schema=None')
        )

    terminal = Meddler([(edit, "y"), (lambda: None, "n")])
    done = inv(project, "deploy", *CONFIG, yes=False, typed=terminal)
    assert done.code == 3, done.text
    assert "DROP COLUMN shop.old" in done.out.partition("Are you sure?")[0]
    assert "DROP COLUMN shop.name" in done.out.partition("Are you sure?")[2]


def test_deploy_files_shows_its_plan_before_the_question(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    project.write("database/views/z.sql", "DROP TABLE IF EXISTS old; CREATE VIEW z AS SELECT 1 AS one;")
    done = inv(project, "deploy-files", "--files", "database/views/z.sql", *CONFIG, yes=False, typed=("n",))
    assert done.code == 3, done.text
    assert done.out.index("    > z.sql") < done.out.index("Are you sure?")
    assert "It destroys data: DROP TABLE old in database/views/z.sql." in done.err
    assert not has_view(project, "z")


def test_a_deploy_of_objects_ends_with_the_way_back(deployed: RunningProject) -> None:
    deployed.write("database/views/a.sql", "DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 3 AS one;")
    done = inv(deployed, "deploy", *CONFIG)
    command = next(line for line in done.out.splitlines() if "Undo: " in line).partition("Undo: inv ")[2]
    assert inv(deployed, *command.split()).code == 0
    with sqlite3.connect(deployed.directory / "shop.db") as connection:
        assert connection.execute("SELECT one FROM a").fetchall() == [(1,)]
    assert "Undo: " not in inv(deployed, "deploy", "--dry", *CONFIG).out


def test_a_status_is_one_table_with_the_last_run_of_each(deployed: RunningProject) -> None:
    done = inv(deployed, "status", *CONFIG)
    assert "  3 deployed" in done.out.splitlines()
    assert "succeeded (" in next(line for line in done.out.splitlines() if line.startswith("  Last run: "))
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    path = deployed.directory / "database/views/a.sql"
    path.write_text(path.read_text(encoding="utf-8") + "-- changed", encoding="utf-8")
    document = json.loads(inv(deployed, "status", "--format", "json", *CONFIG).out)
    states = {each["file"].rpartition("/")[2]: each for each in document["objects"]}
    assert (states["a.sql"]["state"], states["c.sql"]["state"]) == ("changed", "pending")
    assert states["a.sql"]["run"] == document["last_run"]["run"]
    assert states["c.sql"]["run"] == ""
    assert document["format_version"] == 1
    markdown = inv(deployed, "status", "--format", "markdown", *CONFIG).out
    assert "| State | Kind | File | Last run | By |" in markdown.splitlines()


def test_a_job_of_github_gets_the_plan_as_its_summary(deployed: RunningProject, tmp_path: Path) -> None:
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    for form in ("github", "markdown"):
        inv(deployed, "plan", "--format", form, *CONFIG, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert text.count("| + | view | database/views/c.sql | new |") == 1


def test_a_tree_says_what_leaves_the_transaction_and_what_a_failure_leaves(deployed: RunningProject) -> None:
    deployed.write("database/views/c.sql", "CREATE VIEW c AS SELECT 3 AS three;")
    deployed.write("database/views/d.sql", "CREATE VIEW d AS SELECT 4 AS four;")
    assert "If it fails, nothing is changed: all of it is one transaction." in plan(deployed)
    deployed.write("database/views/e.sql", "-- transaction: off\nCREATE VIEW e AS SELECT 5 AS five;")
    tree = plan(deployed)
    assert "      outside of a transaction: its header says so" in tree
    assert "If it fails, the finished ones of its 2 transactions stay; run it again to go on." in tree
    entries = json.loads(plan(deployed, "--format", "json"))["changes"]
    assert [entry["file"] for entry in entries if entry["transaction"]] == ["database/views/e.sql"]


def test_a_plan_for_a_database_that_does_not_exist_yet_says_what_leaves_the_transaction(
    project: RunningProject,
) -> None:
    project.write("database/views/e.sql", "-- transaction: off\nCREATE VIEW e AS SELECT 5 AS five;")
    assert "      outside of a transaction: its header says so" in plan(project)
    assert "outside of a transaction: its header says so" in inv(project, "deploy", "--dry", *CONFIG).out


def test_a_chain_that_begins_with_another_action_asks_once_without_a_plan(project: RunningProject) -> None:
    done = inv(project, "init", "deploy", *CONFIG, yes=False, typed=("y",))
    assert (done.code, done.out.count("Are you sure?")) == (0, 1), done.text


def test_a_chain_that_begins_with_a_deploy_shows_its_plan_and_asks_once(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    done = inv(project, "deploy", "data", *CONFIG, yes=False, typed=("y",))
    assert (done.code, done.out.count("Are you sure?")) == (0, 1), done.text
    assert done.out.index("    + a.sql") < done.out.index("Are you sure?")


def test_a_deploy_with_nothing_to_do_says_so_and_does_not_ask(deployed: RunningProject) -> None:
    done = inv(deployed, "deploy", *CONFIG, yes=False, typed=())
    assert (done.code, done.out.count("Plan: nothing to do"), done.err) == (0, 1, ""), done.text
    deployed.configure({**sqlite(), "target_database_protected": True})
    assert inv(deployed, "deploy", *CONFIG, yes=False, typed=()).code == 0
    assert inv(deployed, "deploy", "data", *CONFIG, yes=False, typed=("n",)).code == 3


def test_a_deploy_with_nothing_to_do_lists_what_was_removed_and_does_not_ask(deployed: RunningProject) -> None:
    (deployed.directory / "database/views/b.sql").unlink()
    done = inv(deployed, "deploy", *CONFIG, yes=False, typed=())
    assert (done.code, "    - b.sql" in done.out, "Are you sure?" in done.out) == (0, True, False), done.text
    done = inv(deployed, "deploy", "--prune", *CONFIG, yes=False, typed=("n",))
    assert (done.code, "Are you sure?" in done.out) == (3, True), done.text


def test_an_own_deploy_asks_though_the_standard_one_has_nothing_to_do(deployed: RunningProject) -> None:
    @action(affects_database=True)
    def deploy(ctx: Any) -> None:
        standard_deploy(ctx)
        ctx.database.connection.execute("CREATE VIEW own AS SELECT 1 AS one")

    assert inv(deployed, "deploy", *CONFIG, ns=(deploy,), yes=False, typed=("n",)).code == 3
    assert not has_view(deployed, "own")


def test_a_script_is_refused_where_a_step_has_no_sql_or_a_secret(project: RunningProject) -> None:
    assert inv(project, "init", *CONFIG).code == 0
    done = inv(project, "plan", "--format", "sql", *CONFIG)
    assert (done.code, "Revision 2f has no SQL without a database" in done.err) == (2, True)
    (project.directory / "alembic.ini").unlink()
    project.configure({**sqlite(), "scripting_variables": {"api_password": "s3cret-value"}})
    project.write("database/views/a.sql", "CREATE VIEW a AS SELECT '$(api_password)' AS one;")
    done = inv(project, "plan", "--format", "sql", *CONFIG)
    assert (done.code, "has a secret in it" in done.err, "s3cret" in done.text) == (2, True, False)
