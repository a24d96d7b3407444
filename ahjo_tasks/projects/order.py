"""Which project comes before which. Nothing here knows files or processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def ordered(needs: Mapping[str, Collection[str]]) -> list[str]:
    """The names, each behind those that it needs, else in their own order. There must be no circle."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in found:
            for needed in needs[name]:
                visit(needed)
            found[name] = None

    for name in needs:
        visit(name)
    return list(found)


def circle(needs: Mapping[str, Collection[str]]) -> list[str]:
    """Names that need each other in a circle, the first one repeated at the end; none where there is no circle."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for needed in needs.get(name, ()):
                if found := visit(needed, [*path, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in needs if (found := visit(name, []))), [])
