"""A studio is private: what is refused before it is served, and which models others may name."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from animate import AnimateError
from animate.film.setup import Setup
from animate.studio.serve import Asked, of_words
from animate.studio.shelf import Models, Warm
from conftest import Run


def test_others_come_in_with_a_password_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match=r"--host 0\.0\.0\.0 lets others in: give them a password with --auth USER:PASSWORD"):
        Asked(tmp_path, Setup(), host="0.0.0.0").check()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Asked(tmp_path, Setup(), port=port).check()
    Asked(tmp_path, Setup(), host="0.0.0.0", port=port, auth=(("ann", "secret"),)).check()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AnimateError, match=r"cannot be listened on \(Address already in use\); choose another --port"):
            Asked(tmp_path, Setup(), port=taken.getsockname()[1]).check()


def test_passwords_are_words_and_none_is_shown() -> None:
    assert of_words(("ann:secret", "bob:a:b")) == (("ann", "secret"), ("bob", "a:b"))
    for wrong in ("secret", ":secret", "ann:"):
        with pytest.raises(AnimateError) as refused:
            of_words((wrong,))
        assert "secret" not in str(refused.value).replace("such as ann:secret", "")


@pytest.mark.parametrize("name", ["../../etc", "/etc/passwd", "owner/name", "model.safetensors", "~/x"])
def test_models_from_outside_are_refused_where_others_come_in(name: str) -> None:
    models = Models(Warm(model="sprout"))
    assert models.names() == ["sprout"]
    assert models.setup_of("sprout").model == "sprout"
    with pytest.raises(AnimateError, match=r"this studio draws with sprout; its owner may start it with --allow-models"):
        models.setup_of(name)
    with pytest.raises(AnimateError, match=r"sd15 is not on this machine: .* to download; press Download first"):
        Models(Warm(model="sprout"), any_model=True).setup_of("sd15")


def test_the_command_refuses_in_one_line(run: Run, tmp_path: Path) -> None:
    for args, said in (
        (("--host", "0.0.0.0"), "lets others in"),
        (("--limit", "frames=many"), "allowed: a whole number from 1"),
        (("--port", "0"), "allowed: a whole number from 1 to 65535"),
        (("--auth", "ann"), "no USER:PASSWORD"),
        (("--model", "sprut"), 'model "sprut" is not known'),
    ):
        code, out, err = run("studio", "--no-browser", "--folder", str(tmp_path / "new"), *args)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err
    assert not (tmp_path / "new").exists()
