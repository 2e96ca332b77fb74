"""The guide's reference says what the code says."""

from __future__ import annotations

import re

import reference
from animate.cli import COMMANDS
from animate.story.storyboard import Storyboard


def test_the_reference_is_current() -> None:
    assert reference.PAGE.read_text() == reference.page(), "python tests/reference.py writes it anew"


def test_it_has_every_command_and_field() -> None:
    page = reference.page()
    assert all(f"\n### animate {name}\n" in page for name in COMMANDS)
    assert all(f"| `{name}` | " in page for name in Storyboard.model_fields)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)", page, re.MULTILINE)}
    assert {*re.findall(r"\]\(#([^)]*)\)", page)} <= anchors
