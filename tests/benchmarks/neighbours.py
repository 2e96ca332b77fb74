"""How long a film takes alone, beside another film, and beside a busy program: with OpenMP's threads waiting asleep, and as they do by default.

    python tests/benchmarks/neighbours.py            # a film of 24 frames, as in the table of the notes; some ten minutes on two cores
    python tests/benchmarks/neighbours.py --quick    # one of 8 frames in few steps

Every film is drawn by the command, in a process of its own that takes all cores, nothing kept. Prints a Markdown table of seconds,
those of the slower film where there are two, and the median of `--times` runs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# The command without its own setting, which a variable that is not there cannot turn off.
COMMAND = "import sys; from animate.cli import QUIET, main; QUIET.pop('OMP_WAIT_POLICY'); main(sys.argv[1:])"
BUSY = "while True: pass"
POLICIES = {"PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"}, "not set": {}}
CASES = {"a film alone": (1, 0), "two films at once": (2, 0), "a film beside a busy program": (1, 1)}


def environment(policy: str) -> dict[str, str]:
    """This one, with nothing said of OpenMP but the policy."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))} | POLICIES[policy]


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many programs that take a core each."""
    running = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def seconds(films: int, beside: int, policy: str, asked: list[str]) -> float:
    """From the start of so many films to the end of the last, beside so many busy programs."""
    with tempfile.TemporaryDirectory() as folder, busy(beside):
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                [sys.executable, "-c", COMMAND, "a seed", "a tree", *asked, "--no-store", "-o", str(Path(folder, f"{number}.mp4"))],
                env=environment(policy), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )
            for number in range(films)
        ]  # fmt: skip
        for process in running:
            _, told = process.communicate()
            if process.returncode:
                raise SystemExit(f"a film failed: {told}")
        return time.perf_counter() - began


def table(measured: dict[str, dict[str, float]]) -> str:
    """Markdown: a row for every case, a column for every policy."""
    lines = ["| seconds | " + " | ".join(f"OMP_WAIT_POLICY {policy}" for policy in POLICIES) + " |", "|---" * (1 + len(POLICIES)) + "|"]
    lines += [f"| {case} | " + " | ".join(f"{row[policy]:.1f}" for policy in POLICIES) + " |" for case, row in measured.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small film")
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the median counts")
    options = parser.parse_args()
    film = ["--frames", "8", "--steps", "6", "--pace", "linear"] if options.quick else ["--frames", "24"]
    runs = {case: [{policy: seconds(*counts, policy, film) for policy in POLICIES} for _ in range(options.times)] for case, counts in CASES.items()}
    print(table({case: {policy: statistics.median(one[policy] for one in several) for policy in POLICIES} for case, several in runs.items()}))
