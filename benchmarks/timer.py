"""Runs one command and prints what it cost, as JSON: `python -I -S timer.py command ...`.

A process of its own because Linux counts the memory of the process that spawns a program into the program's peak: this
one is small enough (some 9 MiB) not to show.
"""

import json
import os
import sys
import time


def main(command: list[str]) -> int:
    """Run `command` with its output on our standard error; return its exit code."""
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    print(json.dumps({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
