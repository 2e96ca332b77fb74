"""What Python code passes to the verbs: a wrong type is told at once, with what is allowed, and nothing is taken in silence."""

import re
from typing import Any

import pytest

import animate
from animate import AnimateError
from animate.draw.store import Store
from animate.models.families.unet import UNetModel
from animate.models.weights.extras import Extras

STORY = animate.Storyboard.of("a seed", "a tree", frames=4)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"stories": "a seed"}, "story 'a seed'; allowed: an animate.Storyboard"),
        ({"model": None}, "model None; allowed: a loaded model"),
        ({"model": "sprout"}, "model 'sprout'; allowed: a loaded model"),
        ({"store": "x"}, "store 'x'; allowed: an animate.Store"),
        ({"report": print}, "report <built-in function print>; allowed: an animate.Report"),
        ({"batch_size": 0}, "batch size 0; allowed: a whole number from 1"),
        ({"batch_size": "4"}, "batch size '4'; allowed: a whole number from 1"),
        ({"frames": 3}, "frames 3; allowed: numbers of frames"),
        ({"frames": []}, "frames []; allowed: numbers of frames"),
        ({"frames": [0.5]}, "frames [0.5]; allowed: numbers of frames"),
        ({"frames": [True]}, "frames [True]; allowed: numbers of frames"),
        ({"frames": "01"}, "frames '01'; allowed: numbers of frames"),
        ({"curves": 3}, "curves 3; allowed: those of a recipe"),
    ],
)
def test_a_film(given: dict[str, Any], line: str, tiny: UNetModel) -> None:
    with pytest.raises(AnimateError, match=re.escape(line)):
        animate.render(**{"story": given.pop("stories", STORY), "model": tiny, **given})


@pytest.mark.parametrize(
    ("stories", "given", "line"),
    [
        (STORY, {}, "stories Storyboard("),
        ([STORY, "a tree"], {}, "story 'a tree'; allowed: an animate.Storyboard"),
        (STORY.keyframes, {}, "story Keyframe("),
        ([STORY], {"store": "x"}, "store 'x'; allowed"),
        ([], {"model": None}, "model None; allowed"),
    ],
)
def test_several_films(stories: object, given: dict[str, Any], line: str, tiny: UNetModel) -> None:
    with pytest.raises(AnimateError, match=re.escape(line)):
        animate.render_together(stories, **{"model": tiny, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"model": None}, "model None; allowed: a loaded model"),
        ({"batch_size": 0}, "batch size 0; allowed"),
        ({"strength": 0.5}, "strength 0.5 without an image; give image="),
        ({"prompt": 3}, "prompt"),
        ({"frames": 3}, "frames of a still; allowed: seed, negative"),
    ],
)
def test_a_still(given: dict[str, Any], line: str, tiny: UNetModel) -> None:
    with pytest.raises(AnimateError, match=re.escape(line)):
        animate.still(**{"prompt": "a tree", "model": tiny, **given})


def test_a_sheet(tiny: UNetModel) -> None:
    with pytest.raises(AnimateError, match=re.escape("story None; allowed: an animate.Storyboard")):
        animate.sheet(None, tiny)  # type: ignore[arg-type]
    with pytest.raises(AnimateError, match=re.escape("store 'x'; allowed: an animate.Store")):
        animate.sheet(STORY, tiny, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_name_that_is_none(name: object) -> None:
    """An empty path means the current folder to the system, and never to the person whose variable was not set."""
    line = "an empty name" if name == "" else f"{name} where a file or folder belongs"
    with pytest.raises(AnimateError, match=re.escape(line)):
        animate.read(name)  # type: ignore[arg-type]
    with pytest.raises(AnimateError, match=re.escape(line)):
        animate.write_video(name, iter(()), 12)  # type: ignore[arg-type]
    if name is not None:  # which is the folder of this machine
        with pytest.raises(AnimateError, match=re.escape(line)):
            Store(name)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"loras": ("",)}, {"embeddings": ("",)}, {"vae": ""}])
def test_an_empty_name_of_an_extra(given: dict[str, Any]) -> None:
    with pytest.raises(AnimateError, match="an empty name"):
        Extras(**given).check()
