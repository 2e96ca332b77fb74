"""A batch that is halved in mid-film: the recipe says which frames were drawn in which, and they are drawn so again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from animate import AnimateWarning, Sampling, Store, Storyboard, load_model, render, render_together, sheet, write_video
from animate.film import recipe
from animate.film.verify import verify
from animate.models.families.unet import UNetModel
from animate.report import Report
from conftest import Run

STEPS, FRAMES = 2, 14
FEW = Sampling(steps=STEPS, guidance=1)
STORY = Storyboard.of("a seed", "a tree", frames=FRAMES, pace="linear", sampling=FEW)


@pytest.fixture
def model(tiny_folder: Path) -> UNetModel:
    return loaded(tiny_folder)


def loaded(folder: Path) -> UNetModel:
    """In batches of four. Its pictures say of how many a batch was: on other machines, the last bits of any picture do."""
    model = load_model(str(folder), device="cpu", batch_size=4)
    assert isinstance(model, UNetModel)

    def say_size(_: object, args: tuple[torch.Tensor, ...], kwargs: object, out: Any) -> None:
        out.sample += 0.1 * args[0].shape[0]

    model.unet.register_forward_hook(say_size, with_kwargs=True)
    return model


def room_ends(model: UNetModel, after: int, most: int = 2) -> Any:
    """From this call of the UNet on, no batch of more than `most` fits. Returns what takes that back."""
    calls = 0

    def refuse(_: object, args: tuple[torch.Tensor, ...], kwargs: object) -> None:
        nonlocal calls
        calls += 1
        if calls > after and args[0].shape[0] > most:
            raise torch.OutOfMemoryError("CUDA out of memory")

    return model.unet.register_forward_pre_hook(refuse, with_kwargs=True)


def halved(model: UNetModel, story: Storyboard = STORY, after: int = STEPS, store: Store | None = None) -> tuple[list[np.ndarray], recipe.Recipe]:
    """A film of which only the first batch is one of four."""
    room = room_ends(model, after)
    images = render(story, model, store=store)
    with pytest.warns(AnimateWarning, match="not enough memory for 4 pictures in a batch: going on with 2"):
        drawn = list(images)
    room.remove()
    return drawn, images.recipe


@pytest.mark.parametrize(
    "changes",
    [{}, {"between": 2}, {"loop": "bounce", "frames": 24}, {"sampling": Sampling(steps=4, guidance=1, sharing=0.6)}, {"pace": "even"}],
    ids=lambda changes: " ".join(changes),
)
def test_every_picture_is_what_the_recipe_says(model: UNetModel, changes: dict[str, Any]) -> None:
    story = STORY.replace(**changes)
    _, said = halved(model, story, after=_calls(model, story) - 3)
    assert said.made.batch_size == 4
    assert [size for _, size in said.batches] == [2]
    said = recipe.unpack(said.pack())
    numbers = tuple(range(0, len(said.digests), said.every))
    assert verify(said, numbers, model, None, Report()).different == ()
    assert verify(said, numbers[::3], model, None, Report()).different == ()
    assert verify(said.model_copy(update={"batches": ()}), numbers, model, None, Report()).different, "an old recipe, which knows one size only"


def _calls(model: UNetModel, story: Storyboard) -> int:
    """Of the UNet, for this film."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    handle = model.unet.register_forward_pre_hook(note)
    list(render(story, model))
    handle.remove()
    return count


def test_it_is_drawn_again_as_it_was(model: UNetModel, tmp_path: Path) -> None:
    drawn, said = halved(model)
    assert said.batches == ((4, 2),)
    again = render(STORY, model, None, Store(tmp_path), said.curves, said.made.batch_size, None, said.batches)
    assert all(np.array_equal(a, b) for a, b in zip(again, drawn, strict=True))
    assert again.recipe == said
    kept = render(STORY, model, None, Store(tmp_path), said.curves, said.made.batch_size, None, said.batches)
    room = room_ends(model, 0, 0)
    assert all(np.array_equal(a, b) for a, b in zip(kept, drawn, strict=True)), "found in the store, each under its own size"
    room.remove()


def test_feedback_that_is_halved_is_drawn_again_as_it_was(model: UNetModel) -> None:
    """Side by side: a chain alone has one picture to draw."""
    stories = [STORY.replace(feedback=0.5, frames=8).reseeded(by) for by in range(4)]
    room = room_ends(model, 3 * STEPS)
    films = render_together(stories, model)
    with pytest.warns(AnimateWarning, match="going on with 2"):
        drawn = [list(film) for film in films]
    room.remove()
    for film, images in zip(films, drawn, strict=True):
        said = film.recipe
        assert [size for _, size in said.batches] == [2]
        assert [image.tobytes() for image in images] == [
            image.tobytes() for image in render(said.storyboard, model, None, None, said.curves, said.made.batch_size, None, said.batches)
        ]


def test_stills_of_a_sheet_that_were_halved_are_drawn_again_as_they_were(model: UNetModel) -> None:
    from animate.film.stills import stills

    story = Storyboard.of(*"abcdefgh", frames=8, sampling=FEW)
    room = room_ends(model, STEPS)
    images = stills(story, story.keyframes, model, 4)
    with pytest.warns(AnimateWarning, match="going on with 2"):
        list(images)
    room.remove()
    said = images.recipe
    assert said.batches == ((4, 2),)
    assert verify(said, tuple(range(8)), model, None, Report()).different == ()
    assert recipe.unpack(images.note_of_last()).made.batch_size == 2
    assert list(sheet(story, model)), "and others are drawn as ever"


def test_the_command_draws_it_again_and_verifies_it(run: Run, model: UNetModel, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ("--model", str(tiny_folder))
    monkeypatch.setattr("animate.models.load_model", lambda **_: model)
    room = room_ends(model, STEPS)
    images = render(STORY, model)
    with pytest.warns(AnimateWarning, match="going on with 2"):
        write_video("film.png", images)
    room.remove()
    assert run("verify", "film.png", "--count", "14", *where) == (0, "film.png: 14 of 14 pictures are what the recipe says\n", "")
    assert run("again", "film.png", "-o", "again.png", "--no-store", *where)[::2] == (0, "")
    assert Path("again.png").read_bytes() == Path("film.png").read_bytes()
    code, out, _ = run("verify", "film.png", "--batch-size", "2", *where)
    assert (code, out.splitlines()[1]) == (1, "  batch_size: 4 then, 2 now")


def test_films_of_one_batch_size_say_nothing_more_than_before(model: UNetModel) -> None:
    images = render(STORY, model)
    list(images)
    assert images.recipe.batches == ()
    assert "batches" not in json.loads(images.recipe.pack().removeprefix(recipe.PLAIN))
    assert recipe.stretches([4, 4, 2, 2, 1]) == ((2, 2), (4, 1))


@pytest.mark.parametrize("batches", [((4, 0),), ((-1, 2),), ((4, 300),)])
def test_batches_of_no_size_are_refused(model: UNetModel, batches: tuple[tuple[int, int], ...]) -> None:
    said = json.loads(render(STORY, model).recipe.pack().removeprefix(recipe.PLAIN)) | {"batches": batches}
    with pytest.raises(ValidationError, match="batches of no size"):
        recipe.unpack(recipe.PLAIN + json.dumps(said))


def test_sprout_is_drawn_in_the_batches_that_are_quicker_for_it() -> None:
    assert load_model("sprout", device="cpu").numerics.batch_size == 8
    assert load_model("sprout", device="cpu", batch_size=2).numerics.batch_size == 2
