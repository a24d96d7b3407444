"""The sub-collection `fleet`: commands on many databases of one project."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from invoke.collection import Collection
from invoke.parser.argument import Argument

from ahjo_tasks.runtime.action import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.runtime.context import ActionContext
    from ahjo_tasks.runtime.namespace_info import NamespaceInfo

NAME = "fleet"


class Flag(NamedTuple):
    """A flag of several commands: its help, the type of its values, and its default."""

    help: str
    kind: type = str
    default: Any = None


COMMON = {
    "targets": Flag("The targets: a .yaml, .json or .csv file, or module:function of the project."),
    "where": Flag("Only targets with this label, as region=eu,us or name=shop*; give it once for each label.", list),
    "where-not": Flag("Leave out targets with this label.", list),
    "part": Flag("Only a part of the targets, as 2/8, for one of eight machines."),
    "jobs": Flag("Number of targets at a time; by default one for each processor, or thread of the workers.", int),
    "per-server": Flag("Number of targets of one server at a time; by default any.", int),
    "timeout": Flag("Seconds after which a target is interrupted.", float),
    "retries": Flag("Number of further tries after an error that may pass; by default 2.", int, 2),
    "scheduler": Flag("Address of a Dask scheduler, as tls://host:8786; by default processes of this machine."),
    "tls-ca": Flag("File of the CA certificate that verifies the scheduler."),
    "tls-cert": Flag("File of the client certificate for the scheduler."),
    "tls-key": Flag("File of the private key of that certificate."),
    "format": Flag("table, json, markdown or junit.", str, "table"),
    "output": Flag("Write the report to this file in place of the terminal."),
    "logs": Flag("Folder for the log of each target and an index; by default fleet-logs.", str, "fleet-logs"),
}
ROLLOUT = {
    "canary": Flag("Targets that go first, alone: a number, a name, or label=value; may be repeated.", list),
    "waves": Flag("Percentages of each group that are done before the next ones begin, as 10%,50%."),
    "max-failures": Flag("Failures, as 3 or 5%, before no other target is started; by default 0.", str, "0"),
    "after-wave": Flag("Action that has to pass after a wave before the next one starts."),
    "pause": Flag("Seconds between two waves.", float),
    "resume": Flag("Leave out the targets whose history says that they are up to date.", bool, default=False),
    "failed-only": Flag("Only targets whose last run failed or was interrupted.", bool, default=False),
}


@cache
def _arguments(*, rolls_out: bool) -> tuple[Argument, ...]:
    """Return the flags of all commands; they are shared, for Invoke copies shared ones once."""
    flags = {**COMMON, **(ROLLOUT if rolls_out else {})}
    return tuple(
        Argument(names=(name,), attr_name=_attribute(name), kind=flag.kind, default=flag.default, help=flag.help)
        for name, flag in flags.items()
    )


def _attribute(name: str) -> str | None:
    """Return the name of the parameter where it is another one: Invoke takes an equal one for a circle."""
    return name.replace("-", "_") if "-" in name else None


class FleetAction(Action[..., Any]):
    """A command on all targets of a fleet. Its body returns the options of the command on one of them.

    It works on no database of its own: the config may lack what each target gives.
    """

    def __init__(self, body: Callable[..., dict[str, Any]], **options: Any) -> None:
        super().__init__(body, guarded=False, auto_shortflags=False, **options)

    @property
    def label(self) -> str:
        """The name on the command line."""
        return f"{NAME}.{self.name}"

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the flags of the command, and those of all."""
        own = super().get_arguments(ignore_unknown_help)
        return [*own, *_arguments(rolls_out=self.affects_database)]

    def _run(self, ctx: ActionContext, **values: Any) -> None:
        from ahjo_tasks.actions.fleet_choice import FleetFlags
        from ahjo_tasks.actions.fleet_run import FleetRun

        names = {argument.name for argument in _arguments(rolls_out=True)}
        common = {name: value for name, value in values.items() if name in names and value is not None}
        own = {name: value for name, value in values.items() if name not in names}
        options = {name: value for name, value in self.body(ctx, **own).items() if value}
        FleetRun(ctx, self, FleetFlags(**common), options).run()


def _plan(
    _ctx: ActionContext,
    all: bool = False,  # noqa: A002 - the name of the flag
    check: bool = False,
    select: list[str] | None = None,
    prune: bool = False,
) -> dict[str, Any]:
    """Show for each target what a deploy would do."""
    return {"all": all, "check": check, "select": select, "prune": prune}


def _deploy(
    _ctx: ActionContext,
    create: bool = False,
    all: bool = False,  # noqa: A002 - the name of the flag
    select: list[str] | None = None,
    prune: bool = False,
    on_drift: str = "",
) -> dict[str, Any]:
    """Deploy to each target, wave by wave.

    After the first failure no other target is started, unless --max-failures
    allows more; targets that have started go on. Run it again with --resume.
    """
    return {"create": create, "all": all, "select": select, "prune": prune, "on_drift": on_drift}


def _data(_ctx: ActionContext, all: bool = False) -> dict[str, Any]:  # noqa: A002 - the name of the flag
    """Load database/data into each target."""
    return {"all": all}


def _test(_ctx: ActionContext, match: str = "") -> dict[str, Any]:
    """Run the SQL tests on each target."""
    return {"match": match}


def _status(_ctx: ActionContext) -> dict[str, Any]:
    """Show whether each target is up to date.

    It asks each history once; fleet.drift looks at the objects.
    """
    return {}


def _drift(_ctx: ActionContext) -> dict[str, Any]:
    """Show what was changed by hand in each target."""
    return {}


def _history(_ctx: ActionContext, limit: int = 20) -> dict[str, Any]:
    """Show the last run of each target; the logs have more."""
    return {"limit": limit}


SELECT = "Plan or deploy these files, objects or folders alone."
PRUNE = "Drop the objects whose files were removed from the project."
ACTIONS = (
    FleetAction(
        _plan,
        name="plan",
        reads=True,
        iterable=["select"],
        help={
            "all": "Plan to deploy all files, also those that are unchanged.",
            "check": "Exit with 5 when a deploy would change something.",
            "select": SELECT,
            "prune": PRUNE,
        },
    ),
    FleetAction(
        _deploy,
        name="deploy",
        affects_database=True,
        iterable=["select"],
        help={
            "create": "Create the databases that do not exist yet; none is dropped.",
            "all": "Deploy unchanged files, too.",
            "select": SELECT,
            "prune": PRUNE,
            "on-drift": "replace or stop, for objects that were changed by hand.",
        },
    ),
    FleetAction(_data, name="data", affects_database=True, help={"all": "Run files again that are to be run once."}),
    FleetAction(_test, name="test", help={"match": "Run the files whose name matches, as in 'order*'."}),
    FleetAction(_status, name="status", reads=True),
    FleetAction(_drift, name="drift", reads=True),
    FleetAction(_history, name="history", reads=True, help={"limit": "Number of runs in the log of a target."}),
)


def fleet_collection(namespace_info: NamespaceInfo) -> Collection:
    """Return the commands on many databases, for one project."""
    collection = Collection(NAME)
    for action in ACTIONS:
        collection.add_task(action.bind(namespace_info))
    return collection
