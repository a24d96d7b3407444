"""Reports of findings: lines, JSON, GitHub annotations, and SARIF 2.1.0, which code hosts show (OASIS, sarif-v2.1.0).

Modules that only one format needs are imported by it: a git hook prints lines.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ahjo_tasks.scan.findings import Finding, masked, normalized
from ahjo_tasks.utils import annotation
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.scan.engine import ScanResult


def shown(result: ScanResult, *, mask: bool) -> list[Finding]:
    """Put the matches of findings on one line; `mask` hides those of rules that search for data."""
    secret = {rule.name for rule in result.rules if rule.secret} if mask else set()
    return [
        finding._replace(
            match=masked(normalized(finding.match)) if finding.rule in secret else normalized(finding.match)
        )
        for finding in result.findings
    ]


def line(finding: Finding) -> str:
    """Format a finding as `path:line:column: rule: match`, on one line whatever the path is."""
    path = finding.path if finding.path.isprintable() else ascii(finding.path)
    return f"{path}:{finding.line}:{finding.column}: {finding.rule}: {finding.match}"


def to_json(result: ScanResult, *, mask: bool = False) -> str:
    """Write an object with `findings`, `warnings`, `ignored` and `files`, the number of scanned files."""
    import json

    return json.dumps(
        {
            "findings": [finding._asdict() for finding in shown(result, mask=mask)],
            "warnings": [warning._asdict() for warning in result.warnings],
            "ignored": result.ignored,
            "files": result.files,
        },
        indent=2,
    )


def to_github(result: ScanResult, prefix: str, *, mask: bool = False) -> str:
    """Write a workflow command for each finding and warning; `prefix` is the project's path in its repository."""
    commands = [
        annotation(
            "error",
            {
                "file": prefix + finding.path,
                "line": finding.line,
                "endLine": finding.end_line,
                # Columns are only for a place on one line.
                **({"col": finding.column, "endColumn": finding.end_column} if _one_line(finding) else {}),
                "title": finding.rule,
            },
            finding.match,
        )
        for finding in shown(result, mask=mask)
    ]
    commands += [annotation("warning", {"file": prefix + warning.path}, warning.message) for warning in result.warnings]
    return "\n".join(commands)


def _one_line(finding: Finding) -> bool:
    return finding.line == finding.end_line


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
"""The name that code hosts know for the top of the repository."""


def to_sarif(result: ScanResult, prefix: str, *, mask: bool = False) -> str:
    """Write SARIF; `prefix` is the project's path in its repository, to whose top all paths are relative."""
    import json

    rules = sorted({rule.name: rule.description for rule in result.rules}.items())
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": str(warning)}} for warning in result.warnings
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
    from collections import Counter

    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        # The same finding keeps its identity when lines above it come and go. A masked match stays masked: a text that
        # is so short could be guessed from its digest.
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
    from urllib.parse import quote

    return {"uri": quote(os.fsencode(prefix + path)), "uriBaseId": ROOT}


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
