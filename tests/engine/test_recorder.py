"""The facts that the history has about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.recorder import describe_run
from ahjo_tasks.engine.stamp import Checkout

if TYPE_CHECKING:
    from pathlib import Path

LINKS = {
    "https://ci.example.com/job/1": {"CI_JOB_URL": "https://ci.example.com/job/1"},
    "https://ci.example.com/job/2": {"BUILD_URL": "https://ci.example.com/job/2"},
    "https://github.com/acme/shop/actions/runs/7": {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_RUN_ID": "7",
    },
    "": {},
}


@pytest.mark.parametrize("link", LINKS)
def test_a_run_has_the_link_of_its_ci_job(link: str, tmp_path: Path) -> None:
    run = describe_run(Plan(()), "shop", Checkout(tmp_path), "deploy", LINKS[link])
    assert (run.ci_url, run.project, run.actions) == (link, "shop", "deploy")
