"""An action that replaces another one keeps its flags; options that nobody declared reach those who read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import RunningProject, make_project

from ahjo_tasks import action, multiaction, namespace
from ahjo_tasks.actions import deploy as deploy_module
from ahjo_tasks.actions.deploy import deploy as standard_deploy

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks import ActionContext

SKIPPING = ("--skip-git-update", "--dry", "--config", "dev.json")
RECORDED = "No git version recorded"


@action(affects_database=True, name="deploy")
def by_name(ctx: ActionContext) -> None:
    standard_deploy(ctx)


@action(affects_database=True, name="deploy")
def by_module(ctx: ActionContext) -> None:
    deploy_module.deploy(ctx)


@action(affects_database=True, name="deploy")
def by_helper(ctx: ActionContext) -> None:
    helper(ctx)


def helper(ctx: ActionContext) -> None:
    for _ in (1,):
        standard_deploy(ctx)


@action(affects_database=True, name="deploy")
def by_import(ctx: ActionContext) -> None:
    from ahjo_tasks.actions.deploy import deploy

    deploy(ctx)


@action(affects_database=True, name="deploy")
def by_hand(ctx: ActionContext, mine: int = 1, **options: object) -> None:
    ctx.console.print(f"mine {mine}")
    standard_deploy(ctx, **options)  # type: ignore[arg-type]


@action(affects_database=True, name="deploy")
def with_one_of_its_own(ctx: ActionContext, skip_git_update: bool = False) -> None:
    ctx.console.print(f"own {skip_git_update}")
    standard_deploy(ctx, skip_git_update=skip_git_update)


@action(affects_database=True, name="deploy")
def without(ctx: ActionContext) -> None:
    ctx.console.print("nothing of the standard")


OVERRIDES = (by_name, by_module, by_helper, by_import, by_hand, with_one_of_its_own)


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    project = make_project(tmp_path / "shop", sqlite())
    project.write("database/views/a.sql", "CREATE VIEW a AS SELECT 1 AS x;")
    project.write("database/views/b.sql", "CREATE VIEW b AS SELECT 1 AS x;")
    return project


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda override: override.body.__name__)
def test_an_override_passes_on_the_flags_of_what_it_replaces(project: RunningProject, override: object) -> None:
    done = inv(project, "deploy", *SKIPPING, ns=(override,))
    assert done.code == 0, done.text
    assert RECORDED not in done.text
    assert RECORDED in inv(project, "deploy", *SKIPPING[1:], ns=(override,)).text
    named = inv(project, "deploy", "--files", "database/views/b.sql", *SKIPPING, ns=(override,))
    assert ("views/b.sql" in named.out, "views/a.sql" in named.out) == (True, False), named.text
    assert "--skip-git-update" in inv(project, "--help", "deploy", ns=(override,)).out


def test_an_override_of_an_override_has_the_flags_of_both(project: RunningProject) -> None:
    @action(affects_database=True, name="deploy")
    def outer(ctx: ActionContext) -> None:
        by_hand(ctx)

    done = inv(project, "deploy", "--mine", "7", *SKIPPING, ns=(by_hand, outer))
    assert done.code == 0, done.text
    assert "mine 7" in done.out
    assert RECORDED not in done.text


def test_flags_go_on_through_a_multiaction(project: RunningProject) -> None:
    done = inv(project, "night", *SKIPPING, ns=(by_name, multiaction("night", "deploy")))
    assert done.code == 0, done.text
    assert RECORDED not in done.text


def test_an_override_that_never_calls_what_it_replaces_refuses_its_flags(project: RunningProject) -> None:
    done = inv(project, "deploy", *SKIPPING, ns=(without,))
    assert done.code == 2
    assert "deploy has no option --skip-git-update." in done.err
    assert "nothing of the standard" not in done.out


OWN = """from ahjo_tasks import action, multiaction, namespace


@action
def show(ctx):
    print("show", ctx.get_cli_arg("example-arg"), dict(ctx.cli_args))


@action
def rest(ctx, size=1, **options):
    print("rest", size, options)


@action
def names(ctx, names=None):
    print("names", names)


@action
def strict(ctx):
    print("strict")


ns = namespace(show, rest, names, strict, multiaction("all-of-it", "strict", "show"))
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "dev.json", "--example-arg", "x", "y"), "show ['x', 'y'] {'example_arg': ['x', 'y']}"),
        (("show", "--example-arg", "x", "y", "dev.json"), "show ['x', 'y'] {'example_arg': ['x', 'y']}"),
        (("show", "dev.json", "--example-arg"), "show True {'example_arg': True}"),
        (("show", "dev.json"), "show None {}"),
        (("rest", "dev.json", "--other=1", "--size", "3"), "rest 3 {'other': ['1']}"),
        (("names", "dev.json", "--names", "a", "b"), "names ['a', 'b']"),
        (("names", "dev.json", "--names", "a"), "names a"),
        (("names", "dev.json", "--names"), "names True"),
        (("names", "dev.json"), "names None"),
        (("all-of-it", "dev.json", "--example-arg", "z"), "show ['z']"),
    ],
)
def test_options_of_the_predecessors_form_reach_the_action(
    project: RunningProject, words: tuple[str, ...], said: str
) -> None:
    project.write("tasks.py", OWN)
    done = project.ahjo(*words)
    assert done.code == 0, done.text
    assert said in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("strict", "dev.json", "--foo"), "strict has no option --foo."),
        (("show", "dev.json", "--dri"), "Did you mean --dry?"),
        (("rest", "dev.json", "--siez", "3"), "Did you mean --size?"),
    ],
)
def test_an_option_that_nobody_reads_or_a_mistake_is_refused(
    project: RunningProject, words: tuple[str, ...], said: str
) -> None:
    project.write("tasks.py", OWN)
    done = project.ahjo(*words)
    assert (done.code, said in done.err) == (2, True), done.text
    assert "strict\n" not in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "--example-arg", "x", "y"), ["show ['x', 'y'] {'example_arg': ['x', 'y']}"]),
        (("show", "--example_arg=x"), ["show ['x'] {'example_arg': ['x']}"]),
        (("show", "--example-arg", "-1", "--dry"), ["show ['-1'] {'example_arg': ['-1']}"]),
        (("show", "--example-arg", "strict"), ["show True {'example_arg': True}", "strict"]),
        (("rest", "--size", "3", "--other", "1", "show", "--one"), ["rest 3 {'other': ['1']}", "{'one': True}"]),
        (("rest", "--size", "show", "--other"), []),
        (("all-of-it", "--example-arg", "z", "show"), ["show ['z']", "show None {}"]),
        (("show", "--", "--example-arg"), ["show None {}"]),
        (("names", "--names", "a", "b", "strict"), ["names ['a', 'b']", "strict"]),
        (("names", "--names", "strict"), ["names strict"]),
        (("names", "--names", "--dry"), ["names True"]),
        (("names", "--names=a", "strict"), ["names a", "strict"]),
    ],
)
def test_they_reach_it_under_inv_each_task_of_a_chain_its_own(
    project: RunningProject, words: tuple[str, ...], said: list[str]
) -> None:
    project.write("tasks.py", OWN)
    done = project.inv(*words[:1], "--config", "dev.json", *words[1:], config=None)
    assert done.code == (0 if said else 2), done.text
    assert [text for text in said if text not in done.out] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("strict", "--example-arg", "x"), "An action of your own needs a parameter of that name"),
        (("rest", "--siez", "3"), "Did you mean --size?"),
        (("show", "--confg", "dev.json"), "Did you mean --config?"),
    ],
)
def test_inv_refuses_an_option_that_nobody_reads_or_a_mistake(
    project: RunningProject, words: tuple[str, ...], said: str
) -> None:
    project.write("tasks.py", OWN)
    done = project.inv(*words)
    assert (done.code, said in done.err) == (2, True), done.text


def test_a_namespace_of_its_own_binds_what_it_replaces(project: RunningProject) -> None:
    bound = namespace(by_name, directory=project.directory)["deploy"]
    assert bound.replaced.body is standard_deploy.body
    assert standard_deploy.replaced is None
