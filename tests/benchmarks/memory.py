"""Peak resident memory, children included, of films of several lengths; a JSON list on the last line.

python tests/benchmarks/memory.py --model FOLDER --output /tmp/film.mp4 --frames 100 2000
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import psutil


def peak(frames: int, model: str, output: str) -> dict[str, float]:
    """One film in a process of its own, sampled every 20 ms."""
    command = [sys.executable, "-m", "animate", "a seed", "a tree", "--frames", str(frames), "--steps", "1", "--guidance", "1"]
    child = psutil.Popen([*command, "--model", model, "-o", output, "--json"], stdout=subprocess.PIPE, text=True)
    most = 0
    while child.poll() is None:
        total = 0
        for process in (child, *children(child)):
            try:
                told = process.memory_full_info()
                total += getattr(told, "pss", told.uss)  # a process that was just forked shares its parent's pages
            except psutil.Error:
                continue
        most = max(most, total)
        time.sleep(0.02)
    if child.returncode:
        raise SystemExit(f"the film of {frames} frames failed with {child.returncode}")
    return {"frames": json.loads(child.stdout.read())["frames"], "peak_mb": round(most / 1e6, 1)}


def children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--frames", type=int, nargs="+", required=True)
    asked = parser.parse_args()
    print(json.dumps([peak(frames, asked.model, asked.output) for frames in asked.frames]))
