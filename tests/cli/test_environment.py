"""What the command sets for the libraries: before they are loaded, and nothing that a person has set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ASKED = """
import os, sys
import animate.cli
loaded = "torch" in sys.modules
try:
    animate.cli.main(["--version"])
except SystemExit:
    print(os.environ["OMP_WAIT_POLICY"], loaded or "torch" in sys.modules)
"""


@pytest.mark.parametrize(("given", "seen"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_a_person_says_otherwise(given: str | None, seen: str) -> None:
    """OpenMP reads it once, when torch is loaded."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | ({"OMP_WAIT_POLICY": given} if given else {})
    done = subprocess.run([sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{seen} False"


def test_importing_the_library_sets_nothing() -> None:
    """That is for the program that imports it to say: the README tells it."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    asked = 'import os, animate; animate.Storyboard; print(os.environ.get("OMP_WAIT_POLICY"))'
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
