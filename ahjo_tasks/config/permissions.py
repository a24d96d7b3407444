"""The forms in which a config may write the variables of its permission files."""

from __future__ import annotations


def with_variables(files: object) -> object:
    """Turn variables given as `NAME=value` texts into mappings; whatever else stands there is left to the check."""
    return [_with_mapping(entry) for entry in files] if isinstance(files, list) else files


def _with_mapping(entry: object) -> object:
    if not isinstance(entry, dict) or "variables" not in entry:
        return entry
    return {**entry, "variables": _mapping(entry["variables"])}


def _mapping(variables: object) -> object:
    if variables is None:
        return {}
    texts = [variables] if isinstance(variables, str) else variables
    if isinstance(texts, list) and all(isinstance(text, str) and "=" in text for text in texts):
        return dict(text.split("=", 1) for text in texts)
    return variables
