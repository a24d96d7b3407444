"""What was found as SARIF 2.1.0, which code hosts show beside the code (OASIS, sarif-v2.1.0)."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ahjo_tasks.scan.report import shown
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.scan.finding import Finding
    from ahjo_tasks.scan.project import Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
"""The name that code hosts know for the top of the repository."""


def to_sarif(result: Result, prefix: str, *, mask: bool = False) -> str:
    """The document; `prefix` is the project's path in its repository, to whose top all places are relative."""
    rules = sorted({rule.name: rule.description for rule in result.rules}.items())
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": str(remark)}} for remark in result.remarks
                ],
            }
        ],
        "results": _results(shown(result, mask=mask), [name for name, _ in rules], prefix),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _driver(rules: Sequence[tuple[str, str]]) -> dict[str, Any]:
    described = [{"id": name, "shortDescription": {"text": text}} for name, text in rules]
    return {"name": "ahjo-scan", "version": __version__, "rules": described}


def _results(findings: Sequence[Finding], rules: list[str], prefix: str) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        # The same find keeps its identity when lines above it come and go. A masked match stays one: what is so short
        # could be guessed from its digest.
        key = f"{finding.path}\0{finding.rule}\0{finding.match}"
        results.append(
            {
                "ruleId": finding.rule,
                "ruleIndex": rules.index(finding.rule),
                "level": "error",
                "message": {"text": f"{finding.rule}: {finding.match}"},
                "locations": [_location(finding, prefix)],
                "partialFingerprints": {"ahjoScan/v1": _digest(f"{key}\0{seen[key]}")},
            }
        )
        seen[key] += 1
    return results


def _location(finding: Finding, prefix: str) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    return {"physicalLocation": {"artifactLocation": _artifact(finding.path, prefix), "region": region}}


def _artifact(path: str, prefix: str) -> dict[str, str]:
    return {"uri": quote(os.fsencode(prefix + path)), "uriBaseId": ROOT}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
