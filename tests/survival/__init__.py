"""Runs that are killed, cut, stalled, crowded and overloaded: the next one has to end as if nothing had been.

`make survival` runs it; CONTRIBUTING.md says how a point that failed is tried again.
"""
