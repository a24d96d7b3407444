"""One command over a fleet: hand its targets out wave by wave, show and report what became of them."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ahjo_tasks.actions import fleet_formats
from ahjo_tasks.actions.fleet_choice import Choice
from ahjo_tasks.actions.plan_formats import write_output
from ahjo_tasks.api.fleet_worker import UP_TO_DATE, Order, refusal, work
from ahjo_tasks.console.console import add_to_step_summary, escaped
from ahjo_tasks.errors import AhjoError, DifferenceError, TerminatedError
from ahjo_tasks.fleet.coordinator import Coordinator, Limits, Turn
from ahjo_tasks.fleet.engines import DaskEngine, LocalEngine, Scheduler
from ahjo_tasks.fleet.outcome import NOT_STARTED, Outcome
from ahjo_tasks.fleet.results import Results, TargetLogs, file_name
from ahjo_tasks.fleet.stops import Presses
from ahjo_tasks.fleet.waves import CANARY, Wave, allowed_failures, plan_waves
from ahjo_tasks.history.store import new_run_id, utc_now
from ahjo_tasks.utils import join_names, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from invoke.tasks import Task

    from ahjo_tasks.actions.fleet_choice import FleetFlags
    from ahjo_tasks.console import Console
    from ahjo_tasks.fleet.engines import Engine
    from ahjo_tasks.fleet.targets import Target
    from ahjo_tasks.runtime.action import Action
    from ahjo_tasks.runtime.context import ActionContext

TO_DO_AGAIN = {"failed", "interrupted", "unfinished"}
"""States of the last run of a target that --failed-only takes."""
NOTHING_DONE = "nothing was changed: the targets were only asked"
ROWS = 12
"""Targets that the table on a terminal shows as worked on."""
TICK = 0.5
PRESSED = {
    1: "Ctrl-C: no other target is started; those that have started go on. Press it again to interrupt them.",
    2: "Ctrl-C: the targets that have started are interrupted. Press it again to leave without waiting for them.",
}


class Board:
    """Shows on the console what happens, and passes on what became of each target; its log is written at once.

    Without logs the targets are only asked something: then nothing but the table of a terminal is shown.
    """

    def __init__(
        self, console: Console, total: int, take: Callable[[Outcome], None], logs: TargetLogs | None = None
    ) -> None:
        self._console = console
        self._total = total
        self._take = take
        self._logs = logs
        self._running: list[str] = []
        self._counts: Counter[str] = Counter()

    def started(self, name: str) -> None:
        """Show that a target is worked on."""
        self._running.append(name)
        self._show_running()

    def again(self, name: str, reason: str) -> None:
        """Show that a target waits for another try."""
        self._running.remove(name)
        self._console.info(f"  {name}: another try follows, for {reason}")

    def ended(self, outcome: Outcome) -> None:
        """Show and log what became of a target."""
        if outcome.name in self._running:
            self._running.remove(outcome.name)
        self._take(outcome)
        self._counts[outcome.status] += 1
        if outcome.status == NOT_STARTED or self._logs is None:
            return
        self._logs.write(outcome)
        mark, text = ("FAIL", "") if outcome.failed else ("ok", outcome.text)
        extra = f"{outcome.status}{': ' if text else ''}{text}"
        number = self._counts.total()
        self._console.result(number, self._total, outcome.name, mark, seconds=outcome.seconds, extra=extra)
        if outcome.failed:
            self._explain(outcome, self._logs)
        self._show_running()

    def _explain(self, outcome: Outcome, logs: TargetLogs) -> None:
        """Say below the line of a target that failed why, how its database is now, and where its log is."""
        self._console.info(f"      {outcome.text}", "fail")
        for text in (outcome.facts.get("database", ""), f"log: {logs.given}/{file_name(outcome.name)}"):
            if text:
                self._console.info(f"      {text}")

    def _show_running(self) -> None:
        """Show as a table that is renewed what has ended, what waits, and what is worked on."""
        if self._running:
            waiting = self._total - self._counts.total() - len(self._running)
            counts = {**self._counts, **({"waiting": waiting} if waiting else {})}
            self._console.progress(fleet_formats.counted(counts) or "The last ones", self._running[:ROWS])


class FleetRun:
    """One command over the targets of a fleet."""

    def __init__(
        self, ctx: ActionContext, action: Action[..., Any], flags: FleetFlags, options: dict[str, Any]
    ) -> None:
        self.ctx = ctx
        self.action = action
        self.flags = flags
        self.options = options
        self.choice = Choice(ctx, action, flags)
        self.id = new_run_id(utc_now())
        self._halted_in = ""
        """The wave after whose failures no other target was started."""
        self.presses = Presses(lambda number: ctx.console.interrupting(PRESSED[number]))

    def run(self) -> None:
        """Do it, and report. Raises AhjoError where a target failed, DifferenceError where one differs."""
        self.flags.check()
        if self.flags.format != fleet_formats.TABLE and not self.flags.output:
            self.ctx.console.machine()
        targets = self.choice.targets
        self._after_wave()
        self.ctx.console.heading(self.action.label, {"": pluralize(len(targets), "target")})
        with self._engine() as engine, self.presses.counted():
            left = self._left_to_do(engine, targets)
            waves = self._waves(left)
            self._show_waves(waves)
            if self.ctx.dry_run and self.action.affects_database and not self.choice.only_plans:
                return
            if self.action.affects_database and left and not self.ctx.dry_run:
                self.choice.require_consent(left, prunes=bool(self.options.get("prune")))
            with Results.of([target.name for target in left]) as results:
                logs = self._logs()
                try:
                    self._run_waves(engine, waves, Board(self.ctx.console, len(left), results.add, logs))
                finally:
                    results.complete()
                    self._report(results, logs)
        self._conclude(results)

    # -- before --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        """Lend the workers, none of which has another project. Raises AhjoError before any is used."""
        flags = self.flags
        if not flags.scheduler:
            local = LocalEngine(flags.jobs)
            try:
                yield local
            finally:
                local.close()
            return
        scheduler = Scheduler(flags.scheduler, flags.tls_ca, flags.tls_cert, flags.tls_key)
        if scheduler.warning:
            self.ctx.console.warning(scheduler.warning)
        engine = DaskEngine(scheduler, flags.jobs)
        try:
            answers = engine.on_each(refusal, self._order("status", {}))
            refused = [f"{worker} {reason}" for worker, reason in answers.items() if reason]
            if refused:
                hint = (
                    f"Bring the project there to the state of this one, or set AHJO_PROJECT_DIR. {'; '.join(refused)}."
                )
                raise AhjoError(f"{len(refused)} of {pluralize(len(answers), 'worker')} cannot be used.", hint=hint)
            yield engine
        finally:
            engine.close()

    def _order(self, command: str, options: dict[str, Any]) -> Order:
        info, fleet = self.ctx.namespace_info, self.choice.fleet
        return Order(
            self.id,
            command,
            str(fleet.folder),
            str(fleet.project.config),
            fleet.given,
            fleet.identity,
            options,
            self.choice.confirmed,
            self.flags.timeout,
            hooks=bool(info is not None and info.hooks and command in {"deploy", "data"}),
        )

    def _left_to_do(self, engine: Engine, targets: list[Target]) -> list[Target]:
        """Return the targets that --resume and --failed-only leave, by what their own histories say."""
        if not (self.flags.resume or self.flags.failed_only):
            return targets
        done: set[str] = set()

        def take(outcome: Outcome) -> None:
            if not self._is_left(outcome.status):
                done.add(outcome.name)

        asked = Board(self.ctx.console, len(targets), take)
        self._coordinator(engine, "status", asked).run(self._turns(targets), self.id)
        if self.presses.count:
            raise KeyboardInterrupt(NOTHING_DONE)
        left = [target for target in targets if target.name not in done]
        self.ctx.console.print(f"  Left to do: {pluralize(len(left), 'target')} of {len(targets)}")
        return left

    def _is_left(self, status: str) -> bool:
        if self.flags.failed_only and status not in TO_DO_AGAIN:
            return False
        return not (self.flags.resume and status == UP_TO_DATE)

    def _waves(self, targets: Sequence[Target]) -> list[Wave]:
        if self.action.affects_database:
            return plan_waves(targets, self.flags.canary, self.flags.waves)
        return [Wave("all", tuple(targets))]

    def _show_waves(self, waves: Sequence[Wave]) -> None:
        if len(waves) > 1 or self.ctx.dry_run:
            rows = [
                (wave.name, str(len(wave.targets)), join_names([each.name for each in wave.targets])) for wave in waves
            ]
            self.ctx.console.table(["Wave", "Targets", "Names"], rows)

    def _logs(self) -> TargetLogs:
        heading = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC {self.action.label} {self.id}"
        return TargetLogs(self.choice.fleet.folder, self.flags.logs, heading)

    # -- during --------------------------------------------------------------------------------------------------------

    def _run_waves(self, engine: Engine, waves: Sequence[Wave], board: Board) -> None:
        allowed = allowed_failures(self.flags.max_failures, sum(len(wave.targets) for wave in waves))
        command = "plan" if self.choice.only_plans else self.action.name
        coordinator = self._coordinator(engine, command, board)
        for number, wave in enumerate(waves):
            if number:
                self._between(waves[number - 1], wave)
            if len(waves) > 1:
                self.ctx.console.step_heading(f"{wave.name}: {pluralize(len(wave.targets), 'target')}")
            coordinator.max_failures = 0 if wave.name == CANARY else allowed
            coordinator.run(self._turns(wave.targets), self.id)
            if coordinator.halted:
                self._halted_in = wave.name
                return

    def _coordinator(self, engine: Engine, command: str, board: Board) -> Coordinator:
        order = self._order(command, self.options)
        limits = Limits(self.flags.per_server, self.flags.retries, self.flags.timeout)
        submit = partial(engine.submit, work, order)
        return Coordinator(engine, submit, limits, board, self.presses)

    def _turns(self, targets: Sequence[Target]) -> Iterator[Turn]:
        return (Turn(target.name, self.choice.server(target)) for target in targets)

    def _after_wave(self) -> Task[Any] | None:
        """Return the check of the user. Raises UsageError where there is no such action."""
        name, info = self.flags.after_wave, self.ctx.namespace_info
        return info.find(name, required_by="--after-wave") if name and info is not None else None

    def _between(self, before: Wave, following: Wave) -> None:
        """Run the check of the user, and wait. Whatever the check raises ends the rollout."""
        check = self._after_wave()
        if check is not None:
            check(self.ctx)
        end = time.monotonic() + self.flags.pause
        while time.monotonic() < end and not self.presses.count:
            self.ctx.console.progress(f"{before.name} is done; {following.name} follows after a pause")
            time.sleep(TICK)

    # -- after ---------------------------------------------------------------------------------------------------------

    def _report(self, results: Results, logs: TargetLogs) -> None:
        """Write index and report, and show the summary."""
        console, flags, label = self.ctx.console, self.flags, self.action.label
        logs.write_index(fleet_formats.json_text(label, results, lambda name: {"log": file_name(name)}))
        if flags.format != fleet_formats.TABLE:
            texts = fleet_formats.TEXTS[flags.format](label, results)
            if flags.output:
                write_output(self.ctx, flags.output, texts)
            else:
                for text in texts:
                    console.raw(escaped(text))
        elif flags.output:
            write_output(self.ctx, flags.output, fleet_formats.markdown_text(label, results))
        if os.environ.get("GITHUB_STEP_SUMMARY"):  # which is a text of some size
            add_to_step_summary(console.masked("\n".join(fleet_formats.markdown_text(label, results))))
        console.print(f"  {fleet_formats.counted(results.counts) or 'nothing to do'}   logs: {flags.logs}")

    def _halt(self) -> str:
        """Say what ended the rollout."""
        return "A canary failed" if self._halted_in == CANARY else f"--max-failures is {self.flags.max_failures}"

    def _conclude(self, results: Results) -> None:
        waiting = join_names(results.not_started)
        if self.presses.count:
            left = f"; not started: {waiting}" if waiting else ""
            interrupted = f"interrupted: {join_names(results.interrupted)}; " if results.interrupted else ""
            text = f"{interrupted}{left.removeprefix('; ') or 'nothing was left'}"
            raise TerminatedError(text) if self.presses.terminated else KeyboardInterrupt(text)
        total = pluralize(len(results), "target")
        if results.failed:
            hint = f"Their logs are in {self.flags.logs}."
            if self.action.affects_database:
                hint += " The same command with --resume goes on with what is left."
            left = f" {self._halt()}, so no other target was started: {waiting}." if waiting else ""
            raise AhjoError(f"{len(results.failed)} of {total} failed: {join_names(results.failed)}.{left}", hint=hint)
        if results.differing:
            raise DifferenceError(f"{len(results.differing)} of {total} differ: {join_names(results.differing)}.")
