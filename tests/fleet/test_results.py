"""What became of the targets of a fleet: in order, counted, and not in memory."""

from __future__ import annotations

import json
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.actions.fleet_formats import TEXTS
from ahjo_tasks.fleet.outcome import FAILED, NOT_STARTED, STOPPED, Outcome
from ahjo_tasks.fleet.results import Results

ENDINGS = [("changed", 0), ("drifted", 5), (FAILED, 1), (STOPPED, 1), (NOT_STARTED, 130)]
SURROGATES = st.text(min_size=1, max_size=5)


@given(st.dictionaries(SURROGATES, st.tuples(st.sampled_from(ENDINGS), SURROGATES), min_size=1), st.randoms())
def test_results_are_read_in_the_order_of_the_targets_however_they_came(
    told: dict[str, tuple[tuple[str, int], str]], chance: object
) -> None:
    names = list(told)
    wanted = [Outcome(name, status, code, text) for name, ((status, code), text) in told.items()]
    with Results.of([*names, "one more name than the others"]) as results:
        chance.shuffle(wanted)  # type: ignore[attr-defined]
        for outcome in wanted:
            results.add(outcome)
        results.complete()
        assert [each.name for each in results] == [*names, "one more name than the others"]
        assert sorted(list(results)[:-1], key=repr) == sorted(wanted, key=repr)
        assert results.counts.total() == len(names) + 1
        assert results.exit_code == 1
        shown = json.loads("\n".join(TEXTS["json"]("fleet.deploy", results)))
        assert [target["text"] for target in shown["targets"][:-1]] == [told[name][1] for name in names]


def test_a_fleet_that_was_done_ends_with_0_and_one_that_differs_with_5() -> None:
    with Results.of("ab") as results:
        results.add(Outcome("a", "up to date"))
        assert results.exit_code == 0
        results.add(Outcome("b", "behind", 5))
        assert (results.exit_code, results.differing) == (5, ["b"])


def test_results_are_in_a_file_and_not_in_memory() -> None:
    names = [f"target {number}" for number in range(5_000)]
    with Results.of(names) as results:
        tracemalloc.start()
        for name in names:
            results.add(Outcome(name, "changed", text="x" * 2_000, facts={"commit": name}))
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 200 * len(names)
        assert sum(len(each.text) for each in results) == 2_000 * len(names)
