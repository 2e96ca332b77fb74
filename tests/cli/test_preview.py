"""The newest picture while a film is drawn."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from animate import AnimateError
from animate.cli import preview
from animate.cli.preview import Preview, in_terminal, protocol


def flat(level: int) -> np.ndarray:
    return np.full((64, 96, 3), level, np.uint8)


def held(path: Path) -> int:
    with PIL.Image.open(path) as picture:
        assert picture.size == (96, 64)
        return int(np.asarray(picture)[0, 0, 0])


def test_the_file_holds_the_newest_picture_but_is_not_written_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("animate.cli.preview.time.monotonic", lambda: now[0])
    path = tmp_path / "now.png"
    shown = Preview(path)
    shown.show(flat(1))
    assert held(path) == 1, "the first at once"
    shown.show(flat(2))
    assert held(path) == 1
    now[0] += preview.EVERY
    shown.show(flat(3))
    assert held(path) == 3
    shown.show(flat(4))
    shown.close()
    assert held(path) == 4, "the last one stays"
    assert [*tmp_path.iterdir()] == [path]


def test_a_name_that_is_no_picture_is_refused_beforehand() -> None:
    with pytest.raises(AnimateError, match=r"now\.mp4: suffix \"\.mp4\" is not known"):
        Preview(Path("now.mp4"))


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x"}, ""),
        ({"TERM": "xterm-256color"}, ""),
    ],
)
def test_terminals_that_show_pictures(environment: dict[str, str], name: str) -> None:
    assert protocol(environment) == name


def test_the_codes_carry_the_picture() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    text = in_terminal(noise, "iterm2")
    found = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);width=120px;height=160px:([\w+/=]+)\x07", text)
    assert found
    data = base64.b64decode(found[2])
    assert len(data) == int(found[1])
    pieces = re.findall(r"\x1b_G(a=T,f=100,)?m=([01]);([\w+/=]+)\x1b\\", in_terminal(noise, "kitty"))
    assert len(pieces) > 1
    assert [bool(head) for head, _, _ in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [more for _, more, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    with PIL.Image.open(io.BytesIO(base64.b64decode("".join(piece for _, _, piece in pieces)))) as picture:
        assert picture.size == (120, 160)
    assert base64.b64decode("".join(piece for _, _, piece in pieces)) == data
