"""Peak resident memory, children included, of films of several lengths; a JSON list on the last line.

    python tests/benchmarks/memory.py --model FOLDER --output /tmp/film.mp4 /tmp/film.gif --frames 100 2000

Every film is drawn by the command in a process that is forked from this one, which has the libraries loaded.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import tempfile
import time
from pathlib import Path

import psutil
import torch

import animate
from animate.cli import main


def peak(frames: int, model: str, output: str) -> dict[str, float]:
    """One film: as many frames as the command says it has written, and the most memory that it and its ffmpeg took at a time, in MB."""
    with tempfile.TemporaryFile("w+") as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            draw(frames, model, output)
        most, process = 0, psutil.Process(child)
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            with contextlib.suppress(psutil.Error, OSError):  # a process may end between two looks
                encoders = [one for one in process.children() if "ffmpeg" in one.name()]  # under another name it is still a copy of its parent
                most = max(most, sum(high_water(one) for one in (process, *encoders)))
            time.sleep(0.1)
        if ended[1]:
            raise SystemExit(f"the film of {frames} frames failed with {ended[1]}")
        printed.seek(0)
        return {"frames": json.load(printed)["frames"], "peak_mb": round(most / 1e6, 1)}


def draw(frames: int, model: str, output: str) -> None:
    """The command, to the end of this process."""
    code: object = 1
    try:
        main(["a seed", "a tree", "--frames", str(frames), "--steps", "1", "--guidance", "1", "--batch-size", "16", "--no-store", "--model", model,
              "-o", output, "--json"])  # fmt: skip
    except SystemExit as ended:
        code = ended.code
    finally:
        os._exit(int(bool(code)))


def high_water(process: psutil.Process) -> int:
    """The most that a process had in memory so far, in bytes; where the system does not keep it, what it has now."""
    if not psutil.LINUX:
        return int(process.memory_info().rss)
    lines = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())  # none once it has ended
    return 1024 * sum(map(int, lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--output", nargs="+", required=True)
    parser.add_argument("--frames", type=int, nargs="+", required=True)
    asked = parser.parse_args()
    torch.set_num_threads(1)  # a forked process has none of its parent's others
    animate.load_model(asked.model)
    print(json.dumps([peak(frames, asked.model, output) for output in asked.output for frames in asked.frames]))
