"""The studio for everybody: anybody may come in, within limits, and nothing is left of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gradio_client")
from gradio_client import Client

from animate.film.recipe import read
from pages import PATIENT, Server

APP = Path(__file__).parents[2] / "examples" / "space" / "app.py"
STORYBOARD = "keyframes: [a seed, a tree]\nframes: {frames}\npace: linear\nsampling: {{steps: 1, guidance: 1}}\n"


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dozen seconds: a server of its own, which loads the built-in model."""
    home = tmp_path_factory.mktemp("space")
    (home / "tmp").mkdir()
    one = Server((sys.executable, str(APP)), home / "log", {"ANIMATE_CACHE": str(home / "cache"), "TMPDIR": str(home / "tmp")}).start()
    yield one
    one.stop()


def test_anybody_draws_a_film(space: Server, tmp_path: Path) -> None:
    client = Client(space.url, verbose=False, httpx_kwargs=PATIENT, download_files=str(tmp_path))
    facts, film = client.predict(storyboard=STORYBOARD.format(frames=4), model="sprout", format=".gif", api_name="/film")
    assert facts["stage"] == "done"
    assert len(read(Path(film)).digests) == 4


@pytest.mark.parametrize(
    ("frames", "model", "said"), [(97, "sprout", "this studio allows up to 96"), (4, "owner/name", "this studio draws with sprout")]
)
def test_nobody_asks_for_too_much(space: Server, frames: int, model: str, said: str) -> None:
    client, asked = Client(space.url, verbose=False, httpx_kwargs=PATIENT), STORYBOARD.format(frames=frames)
    with pytest.raises(Exception, match=said):
        client.predict(storyboard=asked, model=model, format=".gif", api_name="/film")
