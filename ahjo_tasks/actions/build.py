"""The whole build in one action."""

from __future__ import annotations

from ahjo_tasks.running.action import multiaction

complete_build = multiaction(
    "complete-build",
    "init",
    "deploy",
    "data",
    "testdata",
    "test",
    doc="Run init, deploy, data, testdata, test.",
    affects_database=True,
    auto_shortflags=False,
)
