"""Films that are not looked at to their end: closed, dropped, or of several of which one is enough."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from animate import AnimateError, Storyboard, render, render_together, still
from animate.models.families.unet import UNetModel
from animate.report import Report
from conftest import Work

LONG = 60.0  # seconds, after which something hangs
FILM = Storyboard.of("a seed", "a tree", frames=200, pace="linear", sampling={"steps": 2, "guidance": 1.0})
STEPS = 2


def drawing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "draw"]


def test_closing_ends_the_drawing(tiny: UNetModel, work: Work) -> None:
    images = render(FILM, tiny)
    next(images)
    images.close()
    done = work.calls
    for thread in drawing():
        thread.join(LONG)
    assert work.calls == done <= 2 * STEPS, "no step of the batch that waited, none of those to come"
    assert next(images, None) is None
    assert len(images.recipe.digests) == 1


def test_leaving_a_with_block_closes(tiny: UNetModel, work: Work) -> None:
    with render(FILM, tiny) as images:
        next(images)
    assert next(images, None) is None
    done = work.calls
    for thread in drawing():
        thread.join(LONG)
    assert work.calls == done


def test_a_dropped_film_ends_without_the_garbage_collector(tiny: UNetModel, work: Work) -> None:
    gc.collect()
    gc.disable()
    try:
        images = render(FILM, tiny)
        next(images)
        known = weakref.ref(images)
        del images
        assert known() is None
        for thread in drawing():
            thread.join(LONG)
        assert work.calls <= 2 * STEPS
    finally:
        gc.enable()


def test_single_pictures_leave_no_thread(tiny: UNetModel) -> None:
    for seed in range(3):
        still("a tree", tiny, seed=seed, sampling={"steps": 1, "guidance": 1.0})
    for thread in drawing():
        thread.join(LONG)
    assert not drawing()


def test_the_garbage_collector_may_drop_a_film_while_another_is_drawn(tiny: UNetModel) -> None:
    """In the thread that draws, with the UNet's lock: whoever waited there for the other film's batch would wait for ever."""
    for forgotten in (render(FILM, tiny), render_together([FILM, FILM.reseeded(1)], tiny)[0]):
        next(forgotten)
        circle: list[object] = [forgotten]
        circle.append(circle)
        del forgotten, circle  # now only the garbage collector finds it

        class Collecting(Report):
            def step(self, done: int, total: int) -> None:
                gc.collect()

        drawn: list[np.ndarray] = []
        other = render(FILM.replace(frames=9), tiny, report=Collecting())
        thread = threading.Thread(target=drawn.extend, args=[other], daemon=True)
        thread.start()
        thread.join(LONG)
        assert len(drawn) == 9


def test_a_film_of_several_that_is_left_is_drawn_no_further(tiny: UNetModel, work: Work) -> None:
    films = render_together([FILM.replace(frames=40).reseeded(by) for by in range(4)], tiny)
    next(films[0])
    films[1].close()
    del films[2]  # never looked at, and the last name of it
    first, last = films[0], films.pop()
    drawn = [len(list(film)) for film in (first, last)]
    assert drawn == [39, 40]
    size = first.recipe.made.batch_size
    given_up = 2 * size  # what was in flight when the first was left, once for each that was
    assert work.samples <= STEPS * (2 * 40 + 2 * given_up + 2 * size)


def test_leaving_all_films_of_several_gives_up_what_is_in_flight(tiny: UNetModel, work: Work) -> None:
    films = render_together([FILM, FILM.reseeded(1)], tiny)
    next(films[0])
    for film in films:
        film.close()
    done = work.calls
    for thread in drawing():
        thread.join(LONG)
    assert work.calls == done <= 2 * STEPS


def test_an_error_ends_its_own_film_of_several(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though their pictures are drawn in the same batches, and though another one is asked first."""
    asked = [FILM.replace(frames=5).reseeded(by) for by in range(3)]
    alone = [list(render(story, tiny, batch_size=tiny.numerics.batch_size)) for story in asked]
    noise = tiny.noise

    def spoilt(seed: int, width: int, height: int, count: int = 1) -> object:
        return noise(seed, width, height, count) * (float("nan") if seed == asked[1].seed else 1.0)

    monkeypatch.setattr(tiny, "noise", spoilt)
    films = render_together(asked, tiny)
    for number in (0, 2):
        drawn = list(films[number])
        assert len(drawn) == 5
        assert all(np.array_equal(a, b) for a, b in zip(drawn, alone[number], strict=True))
    with pytest.raises(AnimateError, match="numbers overflowed; use another --sampler"):
        next(films[1])
