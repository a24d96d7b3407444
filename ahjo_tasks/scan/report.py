"""What was found as text for a program: JSON, and the annotations of GitHub Actions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ahjo_tasks.scan.finding import Finding, masked, normal

if TYPE_CHECKING:
    from ahjo_tasks.scan.project import Result

FORMATS = ("text", "json", "sarif", "github")


def shown(result: Result, *, mask: bool) -> list[Finding]:
    """The findings with matches on one line; `mask` hides those of rules that look for data."""
    secret = {rule.name for rule in result.rules if rule.secret} if mask else set()
    return [
        finding._replace(match=masked(normal(finding.match)) if finding.rule in secret else normal(finding.match))
        for finding in result.findings
    ]


def line(finding: Finding) -> str:
    """`path:line:column: rule: match`, on one line whatever the path is."""
    path = finding.path if finding.path.isprintable() else ascii(finding.path)
    return f"{path}:{finding.line}:{finding.column}: {finding.rule}: {finding.match}"


def to_json(result: Result, *, mask: bool = False) -> str:
    """An object with `findings`, `remarks`, `ignored` and `files`, the number of files that were scanned."""
    return json.dumps(
        {
            "findings": [finding._asdict() for finding in shown(result, mask=mask)],
            "remarks": [remark._asdict() for remark in result.remarks],
            "ignored": result.ignored,
            "files": result.tally.files,
        },
        indent=2,
    )


def to_github(result: Result, prefix: str, *, mask: bool = False) -> str:
    """One workflow command a line; `prefix` is the project's path in its repository."""
    commands = [
        _command(
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
    commands += [_command("warning", {"file": prefix + remark.path}, remark.message) for remark in result.remarks]
    return "\n".join(commands)


def _one_line(finding: Finding) -> bool:
    return finding.line == finding.end_line


def _command(kind: str, properties: dict[str, object], message: str) -> str:
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
