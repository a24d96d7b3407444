"""The config of a project: read, merged, checked, explained."""
