"""Jobs that are watched: what they tell, and how they end."""

from __future__ import annotations

import threading
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from animate import AnimateError, Sampling, Storyboard
from animate.film import recipe
from animate.film.setup import Setup
from animate.studio import jobs
from animate.studio.limits import Limits
from animate.studio.shelf import Models, Warm
from animate.studio.studio import Studio
from animate.studio.visitor import Visitor
from animate.studio.work import Listener, Progress, watched


def ended(work: object) -> object:
    try:
        while True:
            next(work)  # type: ignore[call-overload]
    except StopIteration as end:
        return end.value


def test_its_result_and_its_errors_come_through() -> None:
    assert ended(watched(lambda listener: 42, Listener())) == 42

    def broken(listener: Listener) -> None:
        raise AnimateError("no")

    with pytest.raises(AnimateError, match="no"):
        ended(watched(broken, Listener()))


def test_what_a_job_tells_is_seen() -> None:
    listener, picture = Listener(), np.zeros((8, 8, 3), np.uint8)
    listener.log("loaded")
    listener.warn("small")
    listener.progress("drawing", 3, 24)
    listener.step(2, 12)
    listener.picture(picture)
    seen = listener.seen()
    assert seen.lines == ("loaded", "warning: small")
    assert seen.picture is picture
    assert seen.told().startswith("drawing 3/24")
    assert "step 2/12" in seen.told()
    assert Progress("drawing", 6, 24, 3.0).told() == "drawing 6/24, 2/s, 0:09 left"
    assert Progress("loading", seconds=75).told() == "loading, 1:15"


def test_the_last_line_is_seen_however_late_one_looks() -> None:
    looked = threading.Event()

    def told(listener: Listener) -> None:
        looked.wait()
        listener.log("8 drawings were in the store")

    job = watched(told, Listener())
    assert next(job).lines == ()
    looked.set()
    next(thread for thread in threading.enumerate() if thread.name == "studio").join()  # between two looks
    assert [seen.lines for seen in job] == [("8 drawings were in the store",)]


def test_closed_early_it_waits_until_the_job_has_ended() -> None:
    over = threading.Event()

    def long(listener: Listener) -> None:
        try:
            for number in range(10**6):
                listener.progress("drawing", number, 10**6)
        finally:
            over.set()

    watching = watched(long, Listener())
    next(watching)
    watching.close()
    assert over.is_set()


def test_a_stage_that_would_lose_the_file_is_not_interrupted_and_no_job_twice() -> None:
    listener = Listener()
    listener.stop()
    listener.progress("writing", 1, 1)
    listener.progress("loading", 0, 0)
    with pytest.raises(KeyboardInterrupt):
        listener.progress("drawing", 1, 2)
    listener.progress("drawing", 2, 2)


def test_a_film_that_is_stopped_is_a_film_and_goes_on(tiny_folder: Path, tmp_path: Path) -> None:
    visitor = Visitor.named("", tmp_path / "home", tmp_path, Limits())
    setup = Setup(model=str(tiny_folder), folder=tmp_path / "store", batch_size=2, device="cpu")
    story = Storyboard.of("a seed", "a tree", frames=8, pace="linear", sampling=Sampling(steps=2))

    class Third(Listener):
        def progress(self, stage: str, done: int, total: int) -> None:
            if stage == "drawing" and done == 3:
                self.stop()
            super().progress(stage, done, total)

    stopped = ended(watched(jobs.film(story, setup, visitor, ".gif"), Third()))
    assert isinstance(stopped, jobs.Drawn)
    assert stopped.interrupted
    assert len(recipe.read(stopped.path).digests) == 3
    listener = Listener()
    whole = ended(watched(jobs.film(story, setup, visitor, ".gif"), listener))
    assert isinstance(whole, jobs.Drawn)
    assert not whole.interrupted
    assert whole.path != stopped.path
    assert recipe.read(whole.path).digests[:3] == recipe.read(stopped.path).digests
    assert any("in the store" in line for line in listener.seen().lines)


def test_stopped_before_there_is_a_picture_it_says_what_is_kept(tiny_folder: Path, tmp_path: Path) -> None:
    visitor = Visitor.named("", tmp_path / "home", tmp_path, Limits())
    setup = Setup(model=str(tiny_folder), folder=tmp_path / "store", device="cpu")
    listener = Listener()
    listener.stop()
    with pytest.raises(AnimateError, match="stopped before there was a picture"):
        ended(watched(jobs.film(Storyboard.of("a", "b", frames=4, sampling=Sampling(steps=2)), setup, visitor, ".gif"), listener))
    assert not [*visitor.works()]


def test_what_a_closed_tab_had_in_the_queue_is_not_drawn(tmp_path: Path) -> None:
    """Whoever is logged in, or alone at the machine, keeps the files; a tab of nobody loses them."""
    studio = Studio(Models(Warm(model="sprout")), Limits(), tmp_path / "home", tmp_path / "inbox", alone=False)
    here, other = (gr.Request(session_hash=name) for name in ("one", "two"))
    folder = studio.visitor(here).folder
    studio.leave(here)
    with pytest.raises(AnimateError, match="the page that asked for this was closed"):
        studio.visitor(here)
    assert not folder.exists()
    assert studio.visitor(other).folder.name != folder.name
