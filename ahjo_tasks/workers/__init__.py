"""Running a project's actions in a process of their own, with the `tasks.py` and the login of that project alone."""
