"""How the parts of a model share a device: each for one thread at a time, and one part at a time where there is no room for all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from animate import Storyboard
from animate.film.batches import fitting
from animate.models import memory
from animate.models.memory import DeviceMemory
from animate.report import Report
from animate.story.resolved import resolved


class Part:
    """Notes where it is. Parts of size are refused on a full device."""

    def __init__(self, full: bool = False):
        self.full, self.place = full, "nowhere"

    def to(self, place: object) -> None:
        if self.full and str(place) != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.place = str(place)


class Heard(Report):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, line: str) -> None:
        self.warnings.append(line)


class Shared(DeviceMemory):
    def bytes_per_sample(self, width: int, height: int) -> int:
        return width * height


def shared(*parts: Part, device: str = "meta", report: Report | None = None) -> Shared:
    return Shared("tiny", torch.device(device), parts, report or Heard())


def test_all_parts_are_on_the_device_where_they_fit() -> None:
    parts, report = [Part(), Part()], Heard()
    memory = shared(*parts, report=report)
    memory.place()
    with memory.at_work(parts[0]):
        assert [part.place for part in parts] == ["meta", "meta"]
    assert [part.place for part in parts] == ["meta", "meta"]
    assert not report.warnings


def test_parts_take_turns_where_they_do_not_fit_and_it_is_said() -> None:
    parts, report = [Part(), Part(full=True)], Heard()
    memory = shared(*parts, report=report)
    memory.place()
    assert memory.offloaded
    assert report.warnings == ["tiny does not fit into the memory of meta as a whole: its parts take turns there"]
    parts[1].full = False
    for part in parts:
        with memory.at_work(part):
            assert [one.place for one in parts] == ["meta" if one is part else "cpu" for one in parts]
        assert {one.place for one in parts} == {"cpu"}
    assert not memory.offload(), "once"


def test_what_does_not_fit_on_a_cpu_or_goes_wrong_otherwise_is_raised() -> None:
    class Broken(Part):
        def to(self, place: object) -> None:
            raise RuntimeError("no kernel image")

    with pytest.raises(RuntimeError, match="no kernel image"):
        shared(Broken()).place()
    memory = shared(Part(), device="cpu")
    assert not memory.offload()
    assert not memory.offloaded


@pytest.mark.parametrize("offloaded", [False, True])
def test_a_part_is_used_by_one_thread_at_a_time_and_the_device_too_where_parts_take_turns(offloaded: bool) -> None:
    first, second = Part(), Part()
    memory = shared(first, second)
    memory.place()
    if offloaded:
        memory.offload()
    inside, most = list[Part](), dict[str, int]()
    guard = threading.Lock()

    def work(part: Part) -> None:
        for _ in range(200):
            with memory.at_work(part):
                with guard:
                    inside.append(part)
                    alike = sum(one is part for one in inside)
                    most["same"], most["all"] = max(most.get("same", 0), alike), max(most.get("all", 0), len(inside))
                assert part.place == "meta"
                threading.Event().wait(0.0001)
                with guard:
                    inside.remove(part)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, [first, first, second, second]))
    assert most == {"same": 1, "all": 1 if offloaded else 2}


def test_offloading_waits_until_no_part_is_used() -> None:
    first, second = Part(), Part()
    memory = shared(first, second)
    memory.place()
    with ThreadPoolExecutor(1) as threads:
        with memory.at_work(second):
            offloading = threads.submit(memory.offload)
            assert not threading.Event().wait(0.05)
            assert not offloading.done()
            assert second.place == "meta"
        assert offloading.result(10)
    assert {first.place, second.place} == {"cpu"}


@pytest.mark.parametrize("offloaded", [False, True])
def test_a_thread_may_go_from_a_part_into_a_later_one(offloaded: bool) -> None:
    """A preview is decoded after a step."""
    unet, vae = Part(), Part()
    memory = shared(unet, vae)
    if offloaded:
        memory.offload()

    def draw() -> None:
        with memory.at_work(unet), memory.at_work(vae):
            pass

    def decode() -> None:
        with memory.at_work(vae):
            pass

    with ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(job) for _ in range(100) for job in (draw, decode)]
        for job in jobs:
            job.result(10)


def test_the_system_says_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=12345))
    monkeypatch.setattr(memory, "_left_in_container", lambda: None)
    assert memory.free_bytes(torch.device("cpu")) == 12345
    assert shared(device="cpu").free_bytes() == 12345
    monkeypatch.setattr(memory, "_left_in_container", lambda: 99)
    assert memory.free_bytes(torch.device("cpu")) == 99


def test_a_system_without_containers_is_asked_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """macOS and Windows have no folder of limits."""
    monkeypatch.setattr(memory, "CGROUP", tmp_path / "none")
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=12345))
    assert memory.free_bytes(torch.device("cpu")) == 12345


@pytest.mark.parametrize(("available", "free"), [(4000, 700), (200, 200)])
def test_an_apple_gpu_has_what_its_driver_and_the_system_leave(monkeypatch: pytest.MonkeyPatch, available: int, free: int) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=available))
    monkeypatch.setattr("torch.mps.recommended_max_memory", lambda: 1000)
    monkeypatch.setattr("torch.mps.driver_allocated_memory", lambda: 300)
    assert memory.free_bytes(torch.device("mps")) == free
    monkeypatch.setattr("torch.mps.driver_allocated_memory", lambda: 1300)
    assert memory.free_bytes(torch.device("mps")) == 0, "it may lend more than it recommends"


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_a_batch_is_as_large_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """A picture of 64 x 64 takes 4096 bytes here."""
    monkeypatch.setattr(memory, "_left_in_container", lambda: None)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=10_000))
    monkeypatch.setattr("torch.mps.recommended_max_memory", lambda: 10**9)
    monkeypatch.setattr("torch.mps.driver_allocated_memory", lambda: 0)
    model: Any = SimpleNamespace(memory=shared(device=device), numerics=SimpleNamespace(device=device))
    story = resolved(Storyboard.of("a", "b"), steps=1, guidance=1.0, sampler="ddim", width=64, height=64)
    report = Heard()
    assert fitting(8, model, story, report) == 2
    assert report.warnings == ["10 kB free, and a picture takes about 5 kB: drawing 2 in a batch instead of 8"]


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "MPS backend out of memory (MPS allocated: 5.00 GB)",
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes.",
        "[enforce fail at alloc_cpu.cpp:83] data. DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes.",
        "unable to mmap 4 bytes from file <model.safetensors>: Cannot allocate memory (12)",
        "The paging file is too small for this operation to complete. (os error 1455)",
    ],
)
def test_every_system_has_words_for_no_memory(words: str) -> None:
    assert memory.out_of_memory(RuntimeError(words))
    assert not memory.out_of_memory(RuntimeError("expected a tensor of 4 bytes"))


def test_an_apple_gpu_gives_back_what_it_keeps_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    monkeypatch.setattr("torch.mps.empty_cache", lambda: given.append("mps"))
    memory.give_back()
    assert given == ["mps"]
