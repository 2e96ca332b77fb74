"""Reading the tensors of a file: safetensors and pickles of every format, of which nothing is run; damaged files are one line."""

from __future__ import annotations

import argparse
import datetime
import io
import os
import pickle
import shutil
import sys
import threading
import typing
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from animate import AnimateError
from animate.models.weights import tensors
from original import State, saved

STATE: State = {"unet.weight": torch.arange(6.0).view(2, 3), "unet.bias": torch.ones(2, dtype=torch.float16)}


def assert_read(path: Path) -> None:
    read = tensors.read(path)
    assert read.keys() == STATE.keys()
    assert all(torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype for name, tensor in STATE.items())


def named(module: str, name: str, *bases: type) -> type:
    """A class as a library has it that is not installed."""
    return type(name, bases, {"__module__": module})


CHECKPOINT = named("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
CONFIG = named("omegaconf.dictconfig", "DictConfig")
HYPER = named("pytorch_lightning.utilities.parsing", "AttributeDict", dict)


def with_state(made: Any, **state: object) -> Any:
    vars(made).update(state)
    return made


def in_defaultdict(content: dict[str, Any]) -> defaultdict[str, Any]:
    return defaultdict(list, content)


UNION = typing.Optional[int]  # noqa: UP045 - as omegaconf keeps it
LEFT: dict[str, Callable[[], object]] = {
    "a callback": lambda: {CHECKPOINT: {"best_model_score": np.float32(0.1), "instance": with_state(CHECKPOINT(), best=np.float64(0.5))}},
    "numpy's numbers": lambda: [np.float64(0.5), np.int64(3), np.bool_(True), np.arange(3), np.dtype("float16"), np.random.default_rng(0)],
    "omegaconf": lambda: with_state(CONFIG(), _content={"lr": with_state(CONFIG(), _val=1)}, _metadata=[dict, int, typing.Any, UNION]),
    "arguments": lambda: argparse.Namespace(lr=0.1, folder=Path("runs"), betas=(0.9, 0.99)),
    "a dict with a default": lambda: in_defaultdict({"losses": [0.1], "more": in_defaultdict({})}),
    "hyper-parameters": lambda: HYPER(lr=0.1),
    "paths": lambda: [Path("a/b"), PurePosixPath("a"), PureWindowsPath("C:/a")],
    "dates": lambda: [datetime.datetime(2022, 8, 22), datetime.timedelta(hours=1), uuid.UUID(int=5)],
    "plain values": lambda: {"global_step": 470000, "name": "a", "sizes": {1, 2}, "loops": {"epoch": None}, "factor": 1 + 2j},
}


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("what", LEFT)
def test_what_training_left_in_a_file_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, older: bool) -> None:
    """Nothing of it is imported, made or run, in either format of torch.save."""
    with monkeypatch.context() as installed:
        for made in (CHECKPOINT, CONFIG, HYPER):
            parts = made.__module__.split(".")
            for end in range(1, len(parts) + 1):
                installed.setitem(sys.modules, name := ".".join(parts[:end]), sys.modules.get(name, ModuleType(name)))
            installed.setattr(sys.modules[made.__module__], made.__name__, made, raising=False)
        torch.save({"state_dict": STATE, "left": LEFT[what]()}, tmp_path / "sd-v1-4.ckpt", _use_new_zipfile_serialization=not older)
    allowed, imported = set(torch.serialization.get_safe_globals()), set(sys.modules)
    assert_read(tmp_path / "sd-v1-4.ckpt")
    assert set(torch.serialization.get_safe_globals()) == allowed, "nothing stays allowed"
    assert not {name for name in set(sys.modules) - imported if name.startswith(("omegaconf", "pytorch_lightning"))}


@pytest.mark.parametrize("older", [False, True])
def test_weights_in_a_dict_with_a_default_are_found(tmp_path: Path, older: bool) -> None:
    torch.save(in_defaultdict({"state_dict": in_defaultdict({**STATE})}), tmp_path / "m.ckpt", _use_new_zipfile_serialization=not older)
    assert_read(tmp_path / "m.ckpt")


@pytest.mark.parametrize("first", range(0x80, 0x88, 8))
def test_safetensors_may_begin_as_a_pickle_does(tmp_path: Path, first: int) -> None:
    """With the length of their header, one time in 32 with 0x80."""
    names = ("a" * length for length in range(1, 300))
    path = next(path for name in names if (path := saved({name: torch.ones(1)}, tmp_path / "m.safetensors")).read_bytes()[0] == first)
    assert torch.equal(next(iter(tensors.read(path).values())), torch.ones(1))


def test_two_threads_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is allowed for the file of one is the same for that of the other: it must not be forbidden while the other still reads."""
    torch.save({"state_dict": STATE, "seen": np.arange(3)}, tmp_path / "m.ckpt")
    load, inside, most = torch.load, [0], [0]

    def slow(*args: object, **settings: object) -> object:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        try:
            threading.Event().wait(0.05)
            return load(*args, **settings)  # type: ignore[arg-type]
        finally:
            inside[0] -= 1

    monkeypatch.setattr(torch, "load", slow)
    errors: list[Exception] = []

    def read() -> None:
        try:
            assert_read(tmp_path / "m.ckpt")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, most) == ([], [1])


class Touch:
    """Pickled, it is a call of os.system."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("code", [eval, getattr, print, shutil.rmtree, compile])
def test_functions_are_no_leftovers(tmp_path: Path, code: object, older: bool) -> None:
    torch.save({"state_dict": STATE, "x": [int, code]}, path := tmp_path / "m.ckpt", _use_new_zipfile_serialization=not older)
    with pytest.raises(AnimateError, match=rf"besides tensors \((builtins\.|shutil\.)?{code.__name__}\); it is not loaded"):  # type: ignore[attr-defined]
        tensors.read(path)
    with pytest.raises(AnimateError, match="it is not loaded"):
        tensors.refuse_code(path)


@pytest.mark.parametrize("older", [False, True])
def test_pickled_code_is_refused_by_name_and_not_run(tmp_path: Path, older: bool) -> None:
    ran, path = tmp_path / "ran", tmp_path / "model.ckpt"
    torch.save({"state_dict": STATE, "x": Touch(ran)}, path, _use_new_zipfile_serialization=not older)
    with pytest.raises(AnimateError, match=r"model\.ckpt holds code besides tensors \(posix\.system\); it is not loaded: ask for a \.safetensors"):
        tensors.read(path)
    assert not ran.exists()
    pickle.loads(pickle.dumps(Touch(ran)))
    assert ran.exists(), "it would have been run"


def test_everything_that_is_no_tensor_is_named(tmp_path: Path) -> None:
    """Code that torch itself would let pass, had it been put on the list of what may be loaded."""
    torch.save({"state_dict": STATE, "x": [exec, shutil.rmtree], "y": np.dtype("float32")}, tmp_path / "m.ckpt")
    with pytest.raises(AnimateError, match=r"besides tensors \(builtins\.exec, shutil\.rmtree\); it is not loaded"):
        tensors.read(tmp_path / "m.ckpt")


def test_code_under_a_known_name_is_not_run(tmp_path: Path) -> None:
    """What stands for training's leftovers takes any arguments and does nothing with them."""

    class Named:
        def __reduce__(self) -> tuple[object, ...]:
            return np.dtype, ("float32",)

    torch.save({"state_dict": STATE, "x": Named()}, tmp_path / "m.ckpt")
    content = tensors._unpickle(tmp_path / "m.ckpt", zipped=True)
    assert type(content["x"]) is tensors._Leftover
    assert not vars(content["x"])


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_tensors_lie_at_the_top_or_in_a_state_dict(tmp_path: Path, suffix: str) -> None:
    assert_read(saved(STATE, tmp_path / f"m{suffix}"))
    torch.save({"state_dict": STATE, "epoch": 3}, tmp_path / "nested.ckpt")
    assert_read(tmp_path / "nested.ckpt")


def test_a_file_of_the_older_format_is_read(tmp_path: Path) -> None:
    torch.save({"state_dict": STATE}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert_read(tmp_path / "old.pt")


def test_what_a_file_is_counts_and_not_what_it_is_called(tmp_path: Path) -> None:
    saved(STATE, tmp_path / "m.safetensors").rename(tmp_path / "m.ckpt")
    assert_read(tmp_path / "m.ckpt")


def zipped(data: bytes) -> bytes:
    with zipfile.ZipFile(archive := io.BytesIO(), "w") as file:
        file.writestr("readme.txt", data)
    return archive.getvalue()


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"<!doctype html><title>Log in</title>",
        lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4265380512\n",
        lambda data: b"\x80\x02" + data[:50],
        lambda data: pickle.dumps(["a list"], 4),
        lambda data: zipped(b"no weights"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    path = saved(STATE, tmp_path / f"m{suffix}")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(AnimateError, match=rf"^{path} is not a checkpoint, or not a whole one \([^\n]+\); get it again, as \.safetensors$"):
        tensors.read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match=r"No such file"):
        tensors.read(tmp_path / "none.ckpt")


def test_a_pickle_of_something_else_holds_no_tensors(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "m.pt")
    assert tensors.read(tmp_path / "m.pt") == {}
