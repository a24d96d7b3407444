"""The page about the library: its example is run, and its functions are those that there are."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING

import pytest
from cli_runner import sqlite
from projects import ROOT, RunningProject, make_project

from ahjo_tasks import library

if TYPE_CHECKING:
    from pathlib import Path

TASKS = """from ahjo_tasks import action, library, namespace

@action
def step(ctx):
{}

ns = namespace(step)
"""
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
OLD_NAMES = """
action create_multiaction registered_actions execute_action import_actions list_actions check_action_validity
action_affects_db DEFAULT_ACTIONS_SRC upgrade_db_to_latest_alembic_version downgrade_db_to_alembic_base
print_alembic_version alembic_command update_git_version print_git_version create_local_config_base create_new_project
populate_project bulk_insert_into_database deploy_sqlfiles drop_sqlfile_objects create_dependency_graph
plot_dependency_graph create_db create_db_login create_db_permissions create_db_structure
update_file_object_properties update_db_object_properties AhjoUpgrade deploy_sql_from_file AhjoScan DatabaseTester
compare_columns csv_to_pl_df print_diffs deploy_mssql_sqlfiles set_statements display_db_info create_conn_info
create_sqlalchemy_url create_sqlalchemy_engine execute_query execute_try_catch get_schema_names execute_from_file
execute_files_in_transaction drop_files_in_transaction view get_dialect_name invoke_sqlcmd execute_pyodbc_queries
configuration config_filename get_conn_info get_connectable set_connectable get_engine get_master_engine
get_logger_engine get_connection set_enable_transaction commit_and_close_transaction get_cli_arg
get_command_line_args filter_nested_dict merge_config_files merge_nested_dicts save_config are_you_sure verify_input
display_message format_to_table get_credentials OperationManager setup_ahjo_logger format_message
conn_info engine master_engine logger_engine connection transaction enable_transaction connectivity_type
command_line_args get_command_line_arg get_enable_transaction AHJO_PATH
Config as_dict validate get_config_path load_conf load_json_conf load_yaml_conf remove_special_chars rearrange_params
initialize_scan_config scan_project valid_search_rules is_hetu
upgrade get_next_version_upgrade get_upgrade_version_path create_version_dependency_graph validate_upgrade_actions
validate_version format_confirmation_msg
execute_test_files parse_test_results display_test_results save_results_to_db
"""


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    made = make_project(tmp_path / "shop", sqlite(label="the page"), tasks=example)
    made.write("database/setup/item.sql", "CREATE TABLE item (name text, price int);\n")
    made.write("stock/item.csv", "name;price\ncup;5\n")
    return made


def test_the_example_runs_as_written(project: RunningProject) -> None:
    done = project.inv("everything")
    assert done.code == 0, done.text
    assert "3 items in shop.db, as the page wants" in done.out
    assert "24 in all" in done.out
    assert re.search(r"SPOON 2 +6", done.out)


def test_a_dry_run_of_the_example_changes_nothing(project: RunningProject) -> None:
    assert project.inv("init", "stock").code == 0
    before = project.inv("prices").out
    assert "Plan: multiply prices by 2" in project.inv("raise-prices", "--dry").out
    assert project.inv("prices").out.splitlines()[:-1] == before.splitlines()[:-1]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('library.query(ctx, "SELECT * FROM nowhere WHERE a = :a", {"a": 1})', "nowhere"),
        ('library.query(ctx, "SELECT * FROM nowhere")', "nowhere"),
        ('library.query(ctx, "SELECT * FROM nowhere WHERE a = ?", [1])', "nowhere"),
        ('library.run_file(ctx, "nowhere.sql")', "nowhere.sql does not exist"),
        ('library.run_action(ctx, "nothing")', "needs the action 'nothing'"),
    ],
)
def test_failures_are_messages(tmp_path: Path, body: str, said: str) -> None:
    tasks = TASKS.format(f"    {body}")
    made = make_project(tmp_path / "shop", sqlite(), tasks=tasks)
    (made.directory / "shop.db").touch()
    done = made.inv("step")
    assert done.code in {1, 2}
    assert said in done.err
    assert "Traceback" not in done.text
    assert "--debug" not in done.text


def test_a_query_gives_rows_with_and_without_headers_and_parameters(tmp_path: Path) -> None:
    body = """
    print(library.query(ctx, "SELECT 1 AS a"))
    print(library.query(ctx, "SELECT :b AS a", {"b": 2}, headers=True))
    print(library.query(ctx, "SELECT ? AS a", [3]))
    print(library.run_file(ctx, "two.sql", variables={"N": "4"}))
    print(library.connection_info(ctx)["dialect"])
    """
    tasks = TASKS.format(body)
    made = make_project(tmp_path / "shop", sqlite(), tasks=tasks)
    made.write("two.sql", "SELECT 1 AS a;\nSELECT '$(N)' AS b;\n")
    (made.directory / "shop.db").touch()
    done = made.inv("step")
    assert done.code == 0, done.text
    first, second, third, fourth, fifth, *_ = done.out.splitlines()
    assert (first, second, third) == ("[(1,)]", "[('a',), (2,)]", "[(3,)]")
    assert "rows=[('4',)]" in fourth
    assert fifth == "sqlite"


def test_the_page_lists_every_function_of_the_library() -> None:
    functions = [
        name
        for name, value in vars(library).items()
        if inspect.isfunction(value) and value.__module__ == library.__name__ and not name.startswith("_")
    ]
    assert functions
    assert [name for name in functions if f"| `{name}(ctx" not in PAGE] == []


@pytest.mark.parametrize("name", OLD_NAMES.split())
def test_the_page_says_what_became_of_every_old_name(name: str) -> None:
    table = PAGE.partition("## What Ahjo's names became")[2]
    firsts = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert re.search(rf"[`.]{name}`", firsts)


def test_the_page_writes_each_function_with_its_parameters() -> None:
    rows = dict(re.findall(r"^\| `(\w+)\((.*?)\)` \|", PAGE.partition("\n## Hooks\n")[0], re.MULTILINE))
    for name, given in rows.items():
        parameters = inspect.signature(getattr(library, name)).replace(return_annotation=inspect.Signature.empty)
        bare = [each.replace(annotation=inspect.Parameter.empty) for each in parameters.parameters.values()]
        assert f"({given})" == str(parameters.replace(parameters=bare)).replace("10_000", "10000"), name
    assert len(rows) > 8


def test_connection_info_has_every_key_that_adopted_code_may_take(tmp_path: Path) -> None:
    from ahjo_tasks.project.adopt.calls import CONNECTION_KEYS

    body = f"    print('all', set(library.connection_info(ctx)) == {set(CONNECTION_KEYS)!r})"
    project = make_project(tmp_path / "shop", sqlite(), TASKS.format(body))
    assert "all True" in project.inv("step").out


def test_an_error_in_a_file_names_file_line_and_source(tmp_path: Path) -> None:
    project = make_project(tmp_path / "shop", sqlite(), TASKS.format("    library.run_file(ctx, 'bad.sql')"))
    project.write("bad.sql", "SELECT 1;\nSELECT x FROM nowhere;\n")
    assert project.inv("init").code == 0
    done = project.inv("step")
    assert done.code == 1
    assert "bad.sql:2:15: no such table: nowhere" in done.err
    assert "2 | SELECT x FROM nowhere" in done.err


HOOKS = """from ahjo_tasks import namespace

def before(ctx, plan, results):
    ctx.console.print(f"before {len(plan.steps)}")
    if "stop" in plan.steps[0].label:
        raise RuntimeError("not today")

def step(ctx, plan, results, event):
    ctx.console.print(f"step {event.kind} {event.status}")

def after(ctx, plan, results):
    ctx.console.print(f"after {[event.status for event in results]}")

def failed(ctx, plan, results, error):
    ctx.console.print(f"failed {results[-1].label}: {type(error).__name__}")
    raise ValueError("late")

ns = namespace(before_run=before, after_step=step, after_run=after, on_failure=failed)
"""


def test_hooks_are_called_around_a_run(tmp_path: Path) -> None:
    made = make_project(tmp_path / "shop", sqlite(), tasks=HOOKS)
    made.write("database/views/a.sql", "CREATE VIEW a AS SELECT 1 AS one;\n")
    assert "before" not in made.inv("deploy", "--skip-git-update", "--dry").out
    done = made.inv("init", "deploy", "--skip-git-update")
    lines = [line for line in done.out.splitlines() if line.split(" ")[0] in {"before", "step", "after", "failed"}]
    assert lines[-3:] == ["before 1", "step view ok", "after ['ok']"]
    made.write("database/views/b.sql", "CREATE VIEW b AS SELEC;\n")
    broken = made.inv("deploy", "--skip-git-update")
    assert broken.code == 1
    assert "failed database/views/b.sql: DeployError" in broken.out
    assert "The hook on_failure failed, too: late" in broken.err
    (made.directory / "database/views/b.sql").rename(made.directory / "database/views/stop.sql")
    stopped = made.inv("deploy", "--skip-git-update")
    assert stopped.code == 1
    assert "step" not in [line.split(" ")[0] for line in stopped.out.splitlines()]


RAISING = """from ahjo_tasks import namespace

def step(ctx, plan, results, event):
    if event.label.endswith("b.sql"):
        raise RuntimeError("enough")

def failed(ctx, plan, results, error):
    ctx.console.print(f"failed {[(event.label[-5:], event.status) for event in results]}")

ns = namespace(after_step=step, on_failure=failed)
"""


def test_what_a_hook_of_a_step_stops_is_told_and_recorded_as_rolled_back(tmp_path: Path) -> None:
    made = make_project(tmp_path / "shop", sqlite(), tasks=RAISING)
    for name in ("a", "b", "c"):
        made.write(f"database/views/{name}.sql", f"CREATE VIEW {name} AS SELECT 1 AS one;\n")
    stopped = made.inv("init", "deploy", "--skip-git-update")
    assert stopped.code == 1
    assert "Error: RuntimeError: enough\n  at tasks.py:5, in step\n" in stopped.err
    assert "failed [('a.sql', 'rolled back'), ('b.sql', 'rolled back')]" in stopped.out
    run = json.loads(made.inv("history", "--format", "json").out)["runs"][0]
    assert (run["status"], run["error"]) == ("failed", "enough")
    steps = json.loads(made.inv("history", "--format", "json", "--run", run["run_id"]).out)["steps"]
    assert [(step["label"][-5:], step["status"]) for step in steps] == [
        ("a.sql", "rolled back"),
        ("b.sql", "rolled back"),
    ]
    (made.directory / "tasks.py").write_text("from ahjo_tasks import namespace\n\nns = namespace()\n")
    assert "3 views" in made.inv("deploy", "--skip-git-update").out


KIND_HOOKS = """from ahjo_tasks import namespace

def tell(word):
    return lambda ctx, plan, results, last: ctx.console.print(f"{word} {getattr(last, 'label', type(last).__name__)}")

ns = namespace(
    before_step={"view": tell("before")},
    after_step={"git version": tell("never")},
    on_failure=tell("failed"),
    after_run=lambda ctx, plan, results: ctx.console.print(f"after {ctx.command_line} {len(results)}"),
)
"""


def test_hooks_of_steps_may_be_by_kind_and_run_in_baselines_and_rehearsals(tmp_path: Path) -> None:
    made = make_project(tmp_path / "shop", sqlite(), tasks=KIND_HOOKS)
    for name in ("a", "b"):
        made.write(
            f"database/views/{name}.sql", f"DROP VIEW IF EXISTS {name}; CREATE VIEW {name} AS SELECT 1 AS one;\n"
        )

    def told(*arguments: str) -> list[str]:
        return [
            line
            for line in made.inv(*arguments).out.splitlines()
            if line.split(" ")[0] in {"before", "after", "failed", "never"}
        ]

    started = ["before database/views/a.sql", "before database/views/b.sql"]
    assert told("init") == []
    assert told("rehearse") == [*started, "after rehearse 2"]
    assert told("deploy") == [*started, "after deploy 2"]
    assert told("baseline") == ["after baseline 2"]
    made.write("database/views/b.sql", "CREATE VIEW b AS SELEC;\n")
    assert told("deploy") == [started[1], "failed DeployError"]
