"""Turning a project of the predecessor into one of ours."""
