"""The command to copy: it asks for the film that the page shows."""

from __future__ import annotations

import shlex
from typing import Any

import click
import pytest

from animate import Storyboard
from animate.cli.options import film_options, storyboard
from animate.studio.shell import FILE, command


@click.command()
@film_options
def parsed(**options: Any) -> Storyboard:
    """What `animate render` makes of its arguments."""
    return storyboard(**options)


@pytest.mark.parametrize(
    "story",
    [
        Storyboard.of("a seed", "a tree"),
        Storyboard.of('it\'s "a" $(seed)', "a `tree`; rm -rf ~", frames=48, loop="cycle"),
        Storyboard.of("a", "b", fps=12.5, duration=3.2, seed=2**64 - 1, style="ink, {}", negative="-"),
        Storyboard.of("a", "b", sampling={"steps": 8, "guidance": 3.3, "sampler": "ddim", "eta": 0.1}, ease="in-out", pace="linear"),
        Storyboard.of("a", "b", feedback=0.4, zoom="1 + 0.02*sin(t)", pan=(1.5, "2*t"), rotate=-3),
        Storyboard.of("a", "b", between=3, between_by="flow", sampling={"fast": True}),
        Storyboard.of("a", "b", sampling={"sharing": 0.3, "branching": "trunk"}, width=256, height=192, loop="bounce", frames=8),
    ],
    ids=str,
)
def test_options_say_the_same_film(story: Storyboard) -> None:
    words = shlex.split(command(story))
    assert words[:2] == ["animate", "render"]
    assert parsed.main(words[2:], standalone_mode=False) == story


@pytest.mark.parametrize(
    "story",
    [
        Storyboard.of("--help", "a tree"),
        Storyboard.of("film.yaml", "a tree"),
        Storyboard(keyframes=[{"prompt": "a", "seed": 3}, "b"]),
        Storyboard.of("a", "b", feedback={0: 0.4, "50%": 0.6}),
        Storyboard.of("a", "b", feedback=0.4, pan=({0: 1.0, 5: 2.0}, 0.0)),
        Storyboard.of("a", "b", sampling={"conventions": "compvis"}),
    ],
    ids=str,
)
def test_what_no_options_can_say_is_a_file(story: Storyboard) -> None:
    assert command(story, "sd15") == f"animate render {FILE} --model sd15"
