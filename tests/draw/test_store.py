"""The store: finished cels are kept, found again bit for bit, and never taken for what they are not."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from animate import AnimateError, AnimateWarning, Sampling, Storyboard, load_model, render, write_video
from animate.draw.store import States, Store
from animate.models.base import Numerics
from animate.models.families.unet import UNetModel
from animate.plan.cel import Plan
from conftest import StartChild, Work

HERE = Numerics("cpu", "x86_64", "float32", "eager", 4, "2", "0", "5")
FAST = Sampling(steps=2, guidance=2.0)
ABCDE = Storyboard.of("a seed", "a sprout", "a tree", "a pine", "a house", frames=17, pace="linear", sampling=FAST)


def states(store: Store, fingerprint: str = "weights", numerics: Numerics = HERE) -> States:
    return store.states(Plan({}, ()), "a film", fingerprint, numerics)


def film(story: Storyboard, model: UNetModel, store: Store | None) -> np.ndarray:
    return np.stack(list(render(story, model, store=store)))


def entries(store: Store) -> list[Path]:
    return sorted(store.folder.glob("states/*/*"))


def test_what_was_written_is_found_again_bit_for_bit(tmp_path: Path) -> None:
    state = torch.randn(4, 8, 8)
    states(Store(tmp_path))["key"] = state
    found = states(Store(tmp_path))
    assert "key" in found
    assert [*found] == ["key"]
    assert torch.equal(found["key"], state)
    del found["key"]
    assert torch.equal(found["key"], state), "deleting frees memory, not the disk"


def test_other_weights_and_numerics_have_other_states(tmp_path: Path) -> None:
    states(Store(tmp_path))["key"] = torch.zeros(1)
    assert "key" not in states(Store(tmp_path), fingerprint="others")
    assert "key" not in states(Store(tmp_path), numerics=Numerics("cpu", "x86_64", "float32", "eager", 8, "2", "0", "5"))


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" * 500, lambda data: data[:-1] + b"\xff"])
def test_torn_and_foreign_entries_count_as_absent(tmp_path: Path, damage: object) -> None:
    states(Store(tmp_path))["key"] = torch.zeros(100)
    (entry,) = entries(Store(tmp_path))
    entry.write_bytes(damage(entry.read_bytes()))  # type: ignore[operator]
    found = states(Store(tmp_path))
    assert found.get("key") is None
    with pytest.raises(KeyError):
        _ = found["key"]


def test_a_film_drawn_before_is_not_drawn_again(tiny: UNetModel, work: Work, tmp_path: Path) -> None:
    first = film(ABCDE, tiny, Store(tmp_path))
    drawn, store = work.samples, Store(tmp_path)
    assert np.array_equal(film(ABCDE, tiny, store), first)
    assert work.samples == drawn
    assert (store.kept, store.drawn) == (17, 0)


def test_a_stopped_film_goes_on_and_equals_an_unbroken_one(tiny: UNetModel, work: Work, tmp_path: Path) -> None:
    images = render(ABCDE, tiny, store=Store(tmp_path))
    for _ in range(6):
        next(images)
    store = Store(tmp_path)
    resumed = film(ABCDE, tiny, store)
    assert store.drawn == 17 - 8, "two batches of four were finished"
    assert np.array_equal(resumed, film(ABCDE, tiny, None))


def test_changing_one_prompt_of_five_draws_two_of_four_segments(tiny: UNetModel, tmp_path: Path) -> None:
    film(ABCDE, tiny, Store(tmp_path))
    changed, store = ABCDE.replace(keyframes=["a seed", "a sprout", "a boat", "a pine", "a house"]), Store(tmp_path)
    made = film(changed, tiny, store)
    assert (store.kept, store.drawn) == (10, 7), "one keyframe and the three frames on each side of it"
    assert np.array_equal(made, film(changed, tiny, None))


@pytest.mark.parametrize("change", [{"fps": 24}, {"loop": "bounce", "frames": 32}])
def test_another_pace_or_way_back_draws_nothing(tiny: UNetModel, tmp_path: Path, change: dict[str, object]) -> None:
    film(ABCDE, tiny, Store(tmp_path))
    store = Store(tmp_path)
    film(ABCDE.replace(**change), tiny, store)
    assert store.drawn == 0


@pytest.mark.parametrize("begun", [0, 1, 12, 24])
def test_what_was_kept_and_what_is_drawn_add_up_to_the_film(tiny: UNetModel, tmp_path: Path, begun: int) -> None:
    """Frames that are drawn ahead, to find the pace, are frames: 24 of them with 8 ahead, stopped after so many."""
    story = Storyboard.of("a seed", "a tree", frames=24, sampling=FAST)
    with render(story, tiny, store=Store(tmp_path)) as images:
        for _ in range(begun):
            next(images)
    store = Store(tmp_path)
    again = render(story, tiny, store=store)
    assert len([*again]) == store.kept + store.drawn == 24
    assert store.holds(again.pace().plan, tiny.fingerprint, again.runner.numerics) == 24
    assert store.kept >= max(begun, 8 * (begun > 0))


def test_a_lost_state_is_drawn_again_in_the_middle_of_a_film(tiny: UNetModel, tmp_path: Path) -> None:
    whole = film(ABCDE, tiny, Store(tmp_path))
    store = Store(tmp_path)
    images = render(ABCDE, tiny, store=store)
    made = [next(images)]
    for entry in entries(store)[:10]:
        entry.unlink()
    assert np.array_equal(np.stack([*made, *images]), whole)


def draw_twice(model: Path, film: Path, store: Path) -> None:
    """In a child: the same film again and again, with a store too small for it."""
    loaded = load_model(str(model), device="cpu", batch_size=4)
    story = Storyboard.of("a seed", "a tree", frames=40, pace="linear", sampling=Sampling(steps=1, guidance=1.0))
    for _ in range(2):
        write_video(film, render(story, loaded, store=Store(store, limit=20_000)), 12)


def test_two_processes_share_a_store(tiny_folder: Path, tmp_path: Path, child: StartChild) -> None:
    """Each removes what the other has written."""
    store = tmp_path / "store"
    children = [child(draw_twice, tiny_folder, tmp_path / f"{i}.mp4", store) for i in range(2)]
    for one in children:
        done = one.wait()
        assert done.returncode == 0, done.stderr
    draw_twice(tiny_folder, tmp_path / "alone.mp4", tmp_path / "alone")
    assert len({(tmp_path / f"{name}.mp4").read_bytes() for name in ("0", "1", "alone")}) == 1
    left = entries(Store(store))
    assert left
    assert not [path for path in left if path.name.startswith(".")]


def test_the_oldest_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=20_000)
    found = states(store)
    for i in range(8):
        found[f"{i:032x}"] = torch.zeros(500)
        os.utime(found.folder / f"{i:032x}", (i, i))
    assert states(store).get("0" * 32) is not None, "looked at: it is not the oldest any more"
    for i in range(8, 12):
        found[f"{i:032x}"] = torch.zeros(500)
    left = {f"{int(path.name, 16)}" for path in entries(store)}
    assert store.size() <= 20_000
    assert {"0", "11"} <= left
    assert not {"1", "2"} & left


def test_what_a_dead_process_left_is_swept_up(tmp_path: Path) -> None:
    found = states(Store(tmp_path))
    found["a" * 32] = torch.zeros(100)
    dead = found.folder / f".{'d' * 16}"
    dead.write_bytes(b"x" * 4000)
    os.utime(dead, (time.time() - 10_000,) * 2)
    states(store := Store(tmp_path, limit=5000))["b" * 32] = torch.zeros(300)
    assert [path.name[0] for path in entries(store)] == ["a", "b"]


def test_a_full_disk_costs_the_store_and_not_the_film(tiny: UNetModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = film(ABCDE, tiny, None)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(AnimateWarning, match=r"cannot be kept \(No space left on device\); drawing goes on") as said:
        made = film(ABCDE, tiny, Store(tmp_path))
    assert len(said) == 1
    assert np.array_equal(made, whole)
    assert not entries(Store(tmp_path))


def test_the_plain_path_writes_each_state_once(tiny: UNetModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, since a clock would not tell: one sync and one small file for every cel, nothing for a frame shown again."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    film(ABCDE.replace(loop="bounce", frames=32), tiny, Store(tmp_path))
    assert len(synced) == 1 + 17, "what film it is, and its cels"
    hashed: list[str] = []
    real = States._sound
    monkeypatch.setattr(States, "_sound", lambda self, key: (hashed.append(key), real(self, key))[1])  # type: ignore[func-returns-value]
    film(ABCDE, tiny, Store(tmp_path))
    assert sorted(hashed) == sorted(set(hashed)), "and read, and checked, once"
    assert len(hashed) == 17
    latents = tiny.noise(0, 64, 64).nbytes
    assert all(size <= latents + 200 for size in synced[1:])


def test_clearing_removes_nothing_but_its_own(tmp_path: Path) -> None:
    states(store := Store(tmp_path))["0" * 32] = torch.zeros(10)
    for path in ("films/mine.mp4", "states/notes.txt", "mine.txt"):
        (tmp_path / path).write_text("mine")
    assert store.clear() > 40
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["mine.mp4", "mine.txt", "notes.txt"]


def test_the_limit_holds_when_others_write_too(tmp_path: Path) -> None:
    first, second = (states(Store(tmp_path, limit=100_000)) for _ in range(2))
    for i in range(40):
        first[f"{i:032x}"], second[f"{i + 100:032x}"] = torch.zeros(500), torch.zeros(500)
    assert Store(tmp_path).size() <= 105_000


def test_a_state_that_is_lost_between_two_looks_is_drawn(tiny: UNetModel, tmp_path: Path) -> None:
    """A store too small for one batch: everything is thrown out as soon as it is in."""
    model = UNetModel.__new__(UNetModel)
    model.__dict__ = {**tiny.__dict__, "numerics": replace(tiny.numerics, batch_size=17)}
    assert np.array_equal(film(ABCDE, model, Store(tmp_path, limit=5000)), film(ABCDE, model, None))


def test_films_are_listed_and_cleared(tiny: UNetModel, tmp_path: Path) -> None:
    store = Store(tmp_path)
    film(ABCDE, tiny, store)
    (listed,) = store.films()
    assert (listed.name, listed.frames, listed.kept, listed.cels) == ("a seed to a house", 17, 17, 17)
    assert store.clear() > 0
    assert (store.size(), store.films()) == (0, [])


def test_a_state_belongs_to_its_cel_and_its_model(tmp_path: Path) -> None:
    """Files that were swapped, renamed or copied elsewhere are whole, and yet of another picture."""
    first, second = "0" * 32, "1" * 32
    here, elsewhere = states(Store(tmp_path)), states(Store(tmp_path), fingerprint="others")
    here[first], here[second] = torch.zeros(9), torch.ones(9)
    elsewhere.folder.mkdir(parents=True)
    (elsewhere.folder / first).write_bytes((here.folder / first).read_bytes())
    (here.folder / first).rename(here.folder / "2")
    (here.folder / second).rename(here.folder / first)
    (here.folder / "2").rename(here.folder / second)
    for found in (states(Store(tmp_path)), states(Store(tmp_path), fingerprint="others")):
        assert found.get(first) is None
        assert found.get(second) is None


@pytest.mark.parametrize("data", [b"", b"junk", safetensors.torch.save({"others": torch.zeros(9)}), safetensors.torch.save({})])
def test_junk_with_a_right_digest_counts_as_absent(tmp_path: Path, data: bytes) -> None:
    found = states(Store(tmp_path))
    found.folder.mkdir(parents=True)
    place = f"{found.folder.name}/key\0".encode()
    (found.folder / "key").write_bytes(hashlib.sha256(place + data).digest() + data)
    assert found.get("key") is None
    data = safetensors.torch.save({"latents": torch.ones(9)})
    (found.folder / "key").write_bytes(hashlib.sha256(place + data).digest() + data)
    assert torch.equal(found["key"], torch.ones(9)), "the digest is the one that the store looks for"


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_a_pipe_in_the_place_of_a_state_is_replaced(tmp_path: Path) -> None:
    found = states(Store(tmp_path))
    found.folder.mkdir(parents=True)
    os.mkfifo(found.folder / "key")
    assert "key" not in found
    assert found.get("key") is None
    found["key"] = torch.ones(9)
    assert torch.equal(states(Store(tmp_path))["key"], torch.ones(9))


AROUND, CEL = "b" * 32, "c" * 32
ENTRY = {"name": "a film", "frames": 3, "around": AROUND, "cels": [CEL]}
BROKEN = [
    "[" * 100_000,
    "null",
    "[]",
    "",
    json.dumps({**ENTRY, "frames": float("inf")}),
    json.dumps({**ENTRY, "frames": "3"}),
    json.dumps({**ENTRY, "name": "\ud800"}),
    json.dumps({**ENTRY, "name": None}),
    json.dumps({**ENTRY, "around": "../../elsewhere"}),
    json.dumps({**ENTRY, "around": 7}),
    json.dumps({**ENTRY, "cels": 7}),
    json.dumps({**ENTRY, "cels": [7]}),
    json.dumps({**ENTRY, "frames": 3})[:-1],
    '{"name": "a film"}',
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_entry_costs_no_other_film(tmp_path: Path, text: str) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / f"{'0' * 32}.json").write_text(text)
    (tmp_path / "films" / f"{'1' * 32}.json").write_text(json.dumps(ENTRY))
    (tmp_path / "films" / f"{'2' * 32}.json").write_text(json.dumps({**ENTRY, "cels": ["\0", "x" * 300, CEL]}))
    store = Store(tmp_path)
    assert sorted((film.name, film.frames, film.kept, film.cels) for film in store.films()) == [("a film", 3, 0, 1), ("a film", 3, 0, 3)]
    assert store.clear() > 0
    assert not [*tmp_path.rglob("*.json")]


def test_clearing_passes_over_what_cannot_be_removed_and_says_so(tmp_path: Path) -> None:
    found = states(store := Store(tmp_path))
    found["0" * 32] = found["f" * 32] = torch.zeros(9)
    for name in ("1" * 32, "2" * 32):
        (found.folder / name).mkdir()
    with pytest.warns(AnimateWarning, match=r"/[12]{32} \(.+\) and 1 more cannot be removed; change the permissions, or remove") as said:
        assert store.clear() > 40
    assert len(said) == 1
    assert {path.name for path in found.folder.iterdir()} == {"1" * 32, "2" * 32}


def test_what_cannot_be_removed_does_not_stop_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, and a state of somebody else's: the oldest entries, which would go first."""
    found = states(Store(tmp_path, limit=20_000))
    (found.folder / ("f" * 32)).mkdir(parents=True)
    (found.folder / ("e" * 32)).write_bytes(b"x" * 100)
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.name == "e" * 32:
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    for name in "ef":
        os.utime(found.folder / (name * 32), (1, 1))
    for i in range(12):
        found[f"{i:032x}"] = torch.zeros(500)
    assert states(Store(tmp_path)).get(f"{11:032x}") is not None
    assert not found.unsaved
    assert Store(tmp_path).size() <= 20_000


def test_a_store_that_may_not_be_looked_at(tiny: UNetModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for, it is one line; while a film is drawn, it is a store that keeps nothing."""
    whole = film(ABCDE, tiny, None)
    real = Path.stat

    def locked(path: Path, **settings: bool) -> os.stat_result:
        if path.is_relative_to(tmp_path / "private"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **settings)

    def no_folder(path: Path, *_: object, **settings: bool) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def no_list(path: Path, pattern: str) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    store = Store(tmp_path / "private")
    monkeypatch.setattr(Path, "stat", locked)
    monkeypatch.setattr(Path, "mkdir", no_folder)
    monkeypatch.setattr(Path, "glob", no_list)
    for asked in (store.size, store.films, store.clear):
        with pytest.raises(AnimateError, match=r"private: the store cannot be read \(Permission denied\); name another folder with --store$"):
            asked()
    with pytest.warns(AnimateWarning, match=r"cannot be kept \(Permission denied\); drawing goes on"):
        assert np.array_equal(film(ABCDE, tiny, store), whole)
