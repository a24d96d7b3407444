"""The entry of the single-file executable: `ahjo`, or another command by the file's name or as its first argument."""

import sys
from pathlib import Path

from ahjo_tasks import cli

COMMANDS = {
    "ahjo-config": cli.config,
    "ahjo-init-project": cli.init_project,
    "ahjo-install-git-hook": cli.install_git_hook,
    "ahjo-multi-project-build": cli.multi_project_build,
    "ahjo-scan": cli.scan,
    "ahjo-upgrade": cli.upgrade,
    "alembic-api": cli.alembic_api,
}


def main() -> None:
    """Run `ahjo deploy dev.jsonc`, `ahjo ahjo-scan --stage`, or `ahjo-scan --stage` through a link."""
    if Path(sys.argv[0]).stem not in COMMANDS and sys.argv[1:2] and sys.argv[1] in COMMANDS:
        del sys.argv[0]
    COMMANDS.get(Path(sys.argv[0]).stem, cli.ahjo)()


if __name__ == "__main__":
    main()
