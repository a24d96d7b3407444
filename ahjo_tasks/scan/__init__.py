"""Looking for personal data and unwanted changes in a project's files: rules, findings, reports, and the git hook."""
