"""Several films in one run: side by side in common batches, each as it is alone."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animate import AnimateError, AnimateWarning, Sampling, Store, Storyboard, render, render_together
from animate.film import recipe
from animate.models.families.unet import UNetModel
from animate.story.storyboard import LARGEST_SEED
from conftest import Run, Work

FEW = Sampling(steps=4, guidance=2.0)
FLAGS = ("--steps", "2", "--guidance", "1", "--frames", "4", "--pace", "linear")


def stories(count: int, **settings: Any) -> list[Storyboard]:
    story = Storyboard.of("a seed", "a tree", **{"frames": 6, "feedback": 0.5, "pace": "linear", "sampling": FEW, **settings})
    return [story.reseeded(by) for by in range(count)]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("settings", [{}, {"pace": "even", "loop": "cycle"}, {"loop": "bounce", "frames": 8}, {"feedback": None}, {"between": 2}])
def test_each_film_is_what_it_is_alone_with_an_equal_batch_size(tiny: UNetModel, settings: dict[str, Any]) -> None:
    asked = stories(3, **settings)
    made = [list(film) for film in render_together(asked, tiny)]
    for story, images in zip(asked, made, strict=True):
        assert same(images, list(render(story, tiny, batch_size=4)))
    assert not same(*made[:2])


def test_chains_advance_side_by_side(tiny: UNetModel, work: Work) -> None:
    """Each step of the three chains is one call of the UNet, and not three."""
    films = render_together(stories(3), tiny)
    for film in films:
        list(film)
    assert work.calls == 2 * 4 + 5 * 2, "six stills in two batches of four steps, and five times two steps"
    assert work.samples == 4 * 2 * work.calls, "guided, in batches of four"


def test_films_may_be_asked_in_any_order(tiny: UNetModel, work: Work) -> None:
    made = [list(film) for film in render_together(stories(3, frames=3), tiny)]
    done = work.samples
    for order in itertools.permutations(range(3)):
        films, work.samples = render_together(stories(3, frames=3), tiny), 0
        assert all(same(list(films[number]), made[number]) for number in order)
        assert work.samples == done
    in_turn = zip(*render_together(stories(3, frames=3), tiny), strict=True)
    assert all(same(list(images), [film[number] for film in made]) for number, images in enumerate(in_turn))


def test_films_of_several_lengths_and_sorts_end_when_they_end(tiny: UNetModel) -> None:
    asked = [*stories(1, frames=3), *stories(1, frames=7, feedback=None), *stories(1, frames=5, width=96)]
    made = [list(film) for film in render_together(asked, tiny)]
    assert [(len(images), images[0].shape) for images in made] == [(3, (64, 64, 3)), (7, (64, 64, 3)), (5, (64, 96, 3))]


def test_what_is_kept_is_not_drawn_again(tiny: UNetModel, tmp_path: Path, work: Work) -> None:
    first = [list(film) for film in render_together(stories(2), tiny, Store(tmp_path))]
    work.samples = 0
    again = [list(film) for film in render_together(stories(2), tiny, Store(tmp_path))]
    assert work.samples == 0
    assert all(same(a, b) for a, b in zip(first, again, strict=True))


def test_a_film_of_several_is_drawn_again_from_its_recipe_alone(tiny: UNetModel) -> None:
    films = render_together(stories(3), tiny)
    drawn = [list(film) for film in films]
    noted = recipe.unpack(films[1].recipe.pack())
    assert noted.made.batch_size == 4, "a power of two"
    assert noted.storyboard.seed == 1
    assert same(list(render(noted.storyboard, tiny, curves=noted.curves, batch_size=noted.made.batch_size)), drawn[1])


def test_one_film_may_fail_or_be_interrupted_and_the_others_go_on(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, work: Work) -> None:
    made = [list(film) for film in render_together(stories(3), tiny)]
    films, denoise = render_together(stories(3), tiny), tiny.denoise

    def interrupted(*args: Any) -> Any:
        if work.calls == stop:
            raise KeyboardInterrupt
        return denoise(*args)

    work.calls, stop = 0, 12
    monkeypatch.setattr(tiny, "denoise", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(films[0])
    stop = -1
    assert same(list(films[1]), made[1])
    assert same(list(films[2]), made[2])


def test_nothing_together_is_nothing(tiny: UNetModel) -> None:
    assert render_together([], tiny) == []


def test_what_is_remarkable_of_all_is_said_once(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny.text, "warnings", lambda prompts, plain=False: ["it knows no trees"])
    with pytest.warns(AnimateWarning, match="it knows no trees") as told:
        render_together(stories(3), tiny)
    assert len(told) == 1


def test_no_film_has_a_noise_of_another() -> None:
    story = Storyboard.model_validate({"keyframes": [{"prompt": "a", "seed": 7}, {"prompt": "b"}], "seed": 3}).reseeded(2)
    assert (story.seed, [key.seed for key in story.keyframes]) == (13, [17, None]), "five seeds further each time"
    circle = Storyboard.of("a tree", loop="cycle", seed=1)
    assert [circle.reseeded(by).seed for by in range(3)] == [1, 3, 5], "a circle is of two noises"
    assert [stories(3)[by].seed for by in range(3)] == [0, 1, 2]
    with pytest.raises(AnimateError, match=rf"^seed: {LARGEST_SEED + 1}; allowed: a whole number from 0 to {LARGEST_SEED}; --seed random draws one$"):
        Storyboard.of("a", "b", seed=LARGEST_SEED).reseeded(1)


def test_the_command_writes_a_file_for_every_seed(run: Run, tiny_folder: Path) -> None:
    model = ("--model", str(tiny_folder))
    code, out, _ = run("a", "b", *FLAGS, "--feedback", "0.5", "--count", "3", "--seed", "5", "-o", "film.gif", "--json", *model)
    told = [json.loads(line) for line in out.splitlines()]
    assert (code, [one["path"] for one in told]) == (0, [f"film-seed-{seed}.gif" for seed in (5, 6, 7)])
    assert {one["frames"] for one in told} == {4}
    assert [recipe.read(Path(one["path"])).storyboard.seed for one in told] == [5, 6, 7]
    assert len({Path(one["path"]).read_bytes() for one in told}) == 3
    for name in ("film-seed-6.gif", "film-seed-7.gif"):
        assert run("verify", name, *model)[0] == 0
        assert run("again", name, "-o", "again.gif", *model)[0] == 0
        assert Path("again.gif").read_bytes() == Path(name).read_bytes()


def test_the_command_writes_folders_and_free_names(run: Run) -> None:
    assert run("a", "b", *FLAGS, "--count", "2", "-o", "frames/")[1] == "frames-seed-0/\nframes-seed-1/\n"
    assert [len(list(Path(f"frames-seed-{seed}").glob("*.png"))) for seed in (0, 1)] == [4, 4]
    assert run("a", "b", *FLAGS, "--count", "2")[1] == "renders/a-to-b-seed-0.mp4\nrenders/a-to-b-seed-1.mp4\n"
    assert run("a", "b", *FLAGS, "--count", "0")[0] == 2
    for name in (".", "./", "..", "../"):
        code, _, err = run("a", "b", *FLAGS, "--count", "2", "-o", name)
        assert (code, err.splitlines()[-1]) == (2, f"animate: -o {name}: no name to put a seed behind; name a file or a new folder")


def test_a_changed_film_of_several_is_drawn_as_any_other(run: Run, work: Work, tiny_folder: Path) -> None:
    """A chain alone has one slot; only what is drawn again as it was has those of the recipe."""
    model = ("--model", str(tiny_folder))
    run("a", "b", *FLAGS, "--feedback", "0.5", "--count", "3", "-o", "film.gif", *model)
    assert run("again", "film-seed-1.gif", "--steps", "4", "-o", "again.gif", *model)[0] == 0
    assert recipe.read(Path("again.gif")).made.batch_size == 1
