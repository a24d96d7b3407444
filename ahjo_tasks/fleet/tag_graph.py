"""The tags of a repository and which of them comes after which."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class TagGraph:
    """Commits with their parents, the first ones of all first, and tags with their commits. Several may share one."""

    def __init__(self, parents: Mapping[str, tuple[str, ...]], tags: Mapping[str, str]) -> None:
        self.parents = parents
        self.tags = {tag: commit for tag, commit in tags.items() if commit in parents}
        self._names: dict[str, list[str]] = {}
        for tag, commit in self.tags.items():
            self._names.setdefault(commit, []).append(tag)
        self.previous = cache(self._previous)
        self.older = cache(self._older)
        self.after = cache(self._after)

    def names(self, commit: str) -> list[str]:
        """The tags of a commit."""
        return self._names.get(commit, [])

    def newest(self, commits: Iterable[str]) -> set[str]:
        """Those that no other of them contains."""
        found = set(commits)
        return found - frozenset().union(*map(self.older, found))

    def _older(self, commit: str) -> frozenset[str]:
        """Every commit that this one contains."""
        found: set[str] = set()
        ahead = [*self.parents[commit]]
        while ahead:
            one = ahead.pop()
            if one not in found and one in self.parents:
                found.add(one)
                ahead += self.parents[one]
        return frozenset(found)

    def _after(self, commit: str) -> frozenset[str]:
        """Every commit that contains this one, and more."""
        found: set[str] = set()
        for one, before in self.parents.items():
            if commit in before or not found.isdisjoint(before):
                found.add(one)
        return frozenset(found)

    def _previous(self, commit: str) -> frozenset[str]:
        """The nearest tagged commits below this one."""
        found: set[str] = set()
        ahead, seen = list(self.parents[commit]), set()
        while ahead:
            one = ahead.pop()
            if one in seen or one not in self.parents:
                continue
            seen.add(one)
            if self.names(one):
                found.add(one)
            else:
                ahead += self.parents[one]
        return frozenset(self.newest(found))


def read_tag_graph(commits: str, refs: str) -> TagGraph:
    """From `git rev-list --parents --reverse`, and lines of tag, commit, and commit of an annotated tag."""
    parents = {first: tuple(rest) for first, *rest in (line.split() for line in commits.splitlines())}
    tags = {tag: (peeled or [commit])[0] for tag, commit, *peeled in (line.split() for line in refs.splitlines())}
    return TagGraph(parents, tags)
