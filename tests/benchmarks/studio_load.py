"""Many programs ask one studio at once: is each answered with its own film, in the order of asking, and does the server's memory stay flat?

    python tests/benchmarks/studio_load.py                          # 50 clients, four films each: some minutes on two cores
    python tests/benchmarks/studio_load.py --clients 8 --films 2

Every film has other prompts' noise (its seed says whose it is) and is as short as a film can be, so that the server and not the model is
tried. Between two rounds a longer film holds the device while all clients line up, one after the other. Prints a line for each round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gradio_client import Client
from gradio_client.client import Job
from gradio_client.utils import Status

from animate.film import recipe

sys.path.insert(0, str(Path(__file__).parents[1]))
from pages import PATIENT, Server

HOLDING = json.dumps({"keyframes": ["a hill", "a volcano"], "frames": 48, "pace": "linear"})  # some 20 s on two cores: time to line up


def short(seed: int) -> str:
    """A film of two frames, one step each."""
    return json.dumps({"keyframes": ["a seed", "a tree"], "frames": 2, "seed": seed, "pace": "linear", "sampling": {"steps": 1}})


def megabytes(process: subprocess.Popen[bytes]) -> float:
    """Of memory that the server holds (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def lined_up(clients: list[Client], first: int) -> list[Job]:
    """A job of each client, in the queue in this order."""
    jobs = []
    for number, client in enumerate(clients):
        job = client.submit(short(first + number), "sprout", ".gif", api_name="/film")
        while job.status().code in (Status.STARTING, Status.JOINING_QUEUE):
            time.sleep(0.005)
        jobs.append(job)
    return jobs


def answered(jobs: list[Job], first: int) -> tuple[int, bool]:
    """How many jobs came to their own film, and whether in the order of asking."""
    ends: dict[int, float] = {}
    while len(ends) < len(jobs):
        ends |= {number: time.monotonic() for number, job in enumerate(jobs) if number not in ends and job.done()}
        time.sleep(0.005)
    right = 0
    for number, job in enumerate(jobs):
        _, film = job.result()
        right += recipe.read(Path(film)).storyboard.seed == first + number
    return right, sorted(ends, key=lambda number: (ends[number], number)) == [*range(len(jobs))]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--clients", type=int, default=50)
    p.add_argument("--films", type=int, default=4, help="of each client")
    asked = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        limits = ("--limit", f"queue={asked.clients + 1}", "--limit", "kept=1000")
        command = (sys.executable, "-m", "animate", "studio", "--no-browser", "--no-store", *limits, "--folder", folder, "--port")
        server = Server(command, Path(folder, "log")).start()
        try:
            assert server.process is not None
            clients = [Client(server.url, verbose=False, httpx_kwargs=PATIENT, download_files=folder) for _ in range(asked.clients)]
            clients[0].predict(short(0), "sprout", ".gif", api_name="/film")  # loads the model
            print(f"{asked.clients} clients; server {megabytes(server.process):.0f} MB after the first film", flush=True)
            for number in range(asked.films):
                holding = clients[0].submit(HOLDING, "sprout", ".gif", api_name="/film")
                first, began = 1 + number * asked.clients, time.monotonic()
                jobs = lined_up(clients, first)
                early = holding.done()
                right, in_order = answered(jobs, first)
                order = ("NOT " if not in_order else "") + "in the order of asking"
                held = "; the queue was empty meanwhile" if early else ""
                took, memory = time.monotonic() - began, megabytes(server.process)
                print(f"round {number + 1}: {right} of {len(jobs)} right, {order}, {took:.0f} s, server {memory:.0f} MB{held}", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
