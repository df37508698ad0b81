"""How long does the command line take until it answers, beyond what Typer and Rich take to load?

Times whole processes in turns, so that a machine that slows down slows all of them, and prints the
median of each and its difference to the peer, `python -c "import typer, rich.console"`, of the same
run; exits 1 where a difference is over the limit.

    python benchmarks/start_up.py [--turns 9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PEER = ("-c", "import typer, rich.console")
COMMANDS = (("list",), ("--help",), ("build", "--help"))
LIMIT_S = 0.25


def seconds(arguments: tuple[str, ...]) -> float:
    """Return how long a Python takes from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(turns: int) -> tuple[float, dict[str, float]]:
    """Return the median of the peer, and of each command of edgekit, in seconds."""
    calls = {" ".join(words): ("-m", "edgekit", *words) for words in COMMANDS}
    for call in (PEER, *calls.values()):
        seconds(call)  # reads the files into memory, and compiles what was never compiled
    times: dict[str, list[float]] = {name: [] for name in ("", *calls)}
    for _ in range(turns):
        times[""].append(seconds(PEER))
        for name, call in calls.items():
            times[name].append(seconds(call))
    medians = {name: statistics.median(found) for name, found in times.items()}
    return medians.pop(""), medians


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=9)
    peer, medians = measure(parser.parse_args().turns)
    print(f"{'typer and rich.console':24} {peer:.3f} s")
    for name, median in medians.items():
        print(f"edgekit {name:16} {median:.3f} s, {median - peer:+.3f} s")
    return 1 if max(medians.values()) - peer > LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
