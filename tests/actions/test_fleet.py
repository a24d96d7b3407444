"""The commands of `fleet` are where all others are, and read their flags as all others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, quietly, sqlite
from invoke.collection import Collection
from projects import RunningProject, make_project

from ahjo_tasks import action, cli, namespace
from ahjo_tasks.cli.arguments import complete

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ("plan", "deploy", "data", "test", "status", "drift", "history")
TARGETS = "targets:\n  acme: {target_database_name: acme.db}\n  beta: {target_database_name: beta.db}\n"


@pytest.fixture
def shop(tmp_path: Path) -> RunningProject:
    project = make_project(tmp_path, {**sqlite(), "target_database_name": None})
    project.write("targets.yaml", TARGETS)
    return project


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_listed_shown_and_completed(shop: RunningProject, command: str) -> None:
    name = f"fleet.{command}"
    assert f" {name} " in inv(shop, "--list").out
    assert f" {name} " in inv(shop, "overview").out
    assert "--targets" in inv(shop, "--help", name).out
    assert name in complete(["fleet."], shop.directory)
    assert "--where-not" in complete([name, "--wh"], shop.directory)


def test_flags_of_a_rollout_are_those_of_commands_that_change_something(shop: RunningProject) -> None:
    assert "--canary" in inv(shop, "--help", "fleet.deploy").out
    assert "--canary" not in inv(shop, "--help", "fleet.status").out


@pytest.mark.parametrize("call", [("--targets", "targets.yaml"), ("dev.json", "--targets", "targets.yaml")])
def test_ahjo_knows_them_too(shop: RunningProject, call: tuple[str, ...]) -> None:
    done = quietly(lambda: cli.ahjo(["fleet.data", *call, "--dry"]), shop.directory)
    assert (done.code, "acme, beta" in done.out) == (0, True), done.text
    assert "--targets" in quietly(lambda: cli.ahjo(["--help", "fleet.data"]), shop.directory).out


MISTAKES = {
    "--targets is missing": (),
    "no-such.yaml: no such file": ("--targets", "no-such.yaml"),
    "targets are in .yaml, .json or .csv": ("--targets", "targets.txt"),
    "There is no format 'xml'": ("--targets", "targets.yaml", "--format", "xml"),
    "is not label=value": ("--targets", "targets.yaml", "--where", "regoin=eu"),
    "--jobs is a number from 0": ("--targets", "targets.yaml", "--jobs", "-1"),
    "those of a --scheduler": ("--targets", "targets.yaml", "--tls-ca", "ca.pem"),
    "No target is 'delta'": ("--targets", "targets.yaml", "--canary", "delta"),
    "growing percentages": ("--targets", "targets.yaml", "--waves", "5"),
    "expected a number, or a percentage": ("--targets", "targets.yaml", "--max-failures", "few"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_in_a_flag_ends_with_2_before_anything_runs(shop: RunningProject, message: str) -> None:
    done = inv(shop, "fleet.deploy", *MISTAKES[message])
    assert (done.code, message in done.err) == (2, True), done.text
    assert not list(shop.directory.glob("*.db"))


def test_the_config_permits_them_by_their_names(shop: RunningProject) -> None:
    shop.configure(sqlite(allowed_actions=["plan"]))
    done = inv(shop, "fleet.deploy", "--targets", "targets.yaml")
    assert (done.code, "The action 'deploy' is not allowed here." in done.err) == (3, True), done.text


def test_one_question_is_asked_for_all(shop: RunningProject) -> None:
    done = inv(shop, "fleet.deploy", "--targets", "targets.yaml", yes=False)
    assert (done.code, "fleet.deploy changes 2 databases: this was not confirmed." in done.err) == (3, True), done.text
    asked = inv(shop, "fleet.deploy", "--targets", "targets.yaml", yes=False, typed=("n",))
    assert (asked.code, "was declined; nothing was changed" in asked.text) == (3, True), asked.text
    assert not list(shop.directory.glob("*.db"))


def test_a_project_may_have_a_fleet_of_its_own(shop: RunningProject) -> None:
    @action(reads=True)
    def ours(ctx):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        """Ours."""

    names = namespace(fleet=Collection("fleet", ours), directory=shop.directory).task_names
    assert [name for name in names if name.startswith("fleet")] == ["fleet.ours"]


def test_an_action_that_the_project_replaces_is_named(shop: RunningProject) -> None:
    @action(affects_database=True)
    def data(ctx):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        """Ours."""

    done = inv(shop, "fleet.data", "--targets", "targets.yaml", "--dry", ns=(data,))
    assert "Warning: tasks.py replaces data; fleet.data runs the standard one." in done.err
