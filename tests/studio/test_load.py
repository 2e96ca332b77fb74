"""A studio that many ask at once, and one that is ended while it draws: each gets its own film, in order, and no film is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from animate.film import recipe
from pages import PATIENCE, PATIENT, Server

pytest.importorskip("gradio_client")

ASKING = f"""
import json, sys, time
from gradio_client import Client
from gradio_client.utils import Status

def asked(frames, seed):
    story = {{"keyframes": ["a hill", "a volcano"], "frames": frames, "seed": seed, "pace": "linear", "sampling": {{"steps": 1}}}}
    return json.dumps(story), "sprout", ".gif"

clients = [Client(sys.argv[1], verbose=False, httpx_kwargs={PATIENT!r}) for _ in range(5)]
holding = clients[0].submit(*asked(2400, 0), api_name="/film")
while holding.status().code is not Status.ITERATING:
    time.sleep(0.05)
jobs = []
for seed, client in enumerate(clients, 1):
    job = client.submit(*asked(2, seed), api_name="/film")
    while job.status().code in (Status.STARTING, Status.JOINING_QUEUE):
        time.sleep(0.01)
    jobs.append(job)
holding.cancel()
ends = {{}}
while len(ends) < len(jobs):
    ends |= {{number: time.monotonic() for number, job in enumerate(jobs) if job.done() and number not in ends}}
    time.sleep(0.01)
told = [str(error) if (error := job.exception()) else job.result()[1] for job in jobs]
print(json.dumps({{"told": told, "ends": [ends[number] for number in range(len(jobs))]}}))
"""


def test_each_gets_its_own_film_in_order_and_who_comes_too_late_is_told(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "animate", "studio", "--no-browser", "--no-store", "--limit", "queue=3", "--folder", str(tmp_path), "--port")
    server = Server(command, tmp_path / "log").start()
    try:
        done = subprocess.run([sys.executable, "-c", ASKING, server.url], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    films, late = answer["told"][:3], answer["told"][3:]
    assert [recipe.read(Path(film)).storyboard.seed for film in films] == [1, 2, 3]
    assert answer["ends"][:3] == sorted(answer["ends"][:3])
    assert all("queue is full" in line.lower() for line in late), late
    assert "Traceback" not in server.log.read_text()


BEGUN = f"""
import json, sys, time
from gradio_client import Client

story = json.dumps({{"keyframes": ["a hill", "a volcano"], "frames": 2400, "pace": "linear", "sampling": {{"steps": 1}}}})
job = Client(sys.argv[1], verbose=False, httpx_kwargs={PATIENT!r}).submit(story, "sprout", ".mp4", api_name="/film")
while not any(told["stage"] == "drawing" and told["done"] >= 8 for told, _ in job.outputs()):
    time.sleep(0.05)
print("begun", flush=True)
sys.stdin.read()
"""


def test_ctrl_c_closes_the_film_that_is_being_drawn(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "animate", "studio", "--no-browser", "--no-store", "--folder", str(tmp_path / "made"), "--port")
    server = Server(command, tmp_path / "log").start()
    asking = subprocess.Popen([sys.executable, "-c", BEGUN, server.url], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert asking.stdout is not None
        assert asking.stdout.readline() == "begun\n"
        assert server.process is not None
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0
    finally:
        asking.kill()
        asking.communicate()
        server.stop()
    (film,) = (tmp_path / "made").rglob("a-hill-to-a-volcano.mp4")
    assert 8 <= len(recipe.read(film).digests) < 2400
    said = server.log.read_text()
    assert f"the studio is at {server.url.rstrip('/')} (Ctrl-C ends it)" in said
    assert said.endswith("animate: the studio has ended\n")
    assert "Traceback" not in said
