"""Films drawn by workers of Ray: the same bytes by one and by three, whatever becomes of them on the way."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animate import AnimateError, Cluster, Store, Storyboard, render, render_together, sheet, still, write_video
from animate.cluster import asked, crew
from animate.cluster.worker import Facts
from animate.models.base import Model
from animate.models.families.unet import UNetModel
from animate.report import Report
from conftest import Run

SAMPLING = {"steps": 4, "guidance": 2.0, "sampler": "ddim"}


@pytest.fixture(scope="session")
def nodes() -> Iterator[Any]:
    """A Ray cluster of four machines with one core each, on this one."""
    for name, value in {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}.items():
        os.environ.setdefault(name, value)  # Ray looks at them once in a process: another test may have started it
    from ray.cluster_utils import Cluster as Nodes

    ours = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 10**8, "include_dashboard": False})
    for _ in range(3):
        ours.add_node(num_cpus=1, object_store_memory=10**8)
    yield ours
    ours.shutdown()  # type: ignore[no-untyped-call]


class Lines(Report):
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warned = list[str]()

    def log(self, line: str) -> None:
        pass

    def warn(self, line: str) -> None:
        self.warned.append(line)


@pytest.fixture(scope="session")
def three(nodes: Any, tiny_folder: Path) -> Iterator[Cluster]:
    """Workers on three of the machines: to load them takes longer than what is drawn."""
    with Cluster(str(tiny_folder), 3, nodes.address, device="cpu", batch_size=4, report=Lines()) as workers:
        workers._crew._left = 100  # more than a film is given: it is killed in many tests
        yield workers


def whole(three: Cluster) -> list[Facts]:
    """What all three workers say, once those that were killed are replaced: one that has ended is missed when it is given something to draw."""
    end = time.monotonic() + 150
    while time.monotonic() < end:
        try:
            if len(facts := three._crew.facts()) == 3:
                return facts
        except AnimateError:
            pixels(render(story(24, pace="linear"), three))
        time.sleep(0.2)
    raise TimeoutError("the workers that were killed have not been replaced")


def story(frames: int = 24, **settings: Any) -> Storyboard:
    return Storyboard.of("a seed", "a tree", **{"frames": frames, "sampling": SAMPLING, **settings})


def pixels(film: Any) -> list[bytes]:
    return [image.tobytes() for image in film]


FILMS: dict[str, dict[str, Any]] = {
    "even": {},
    "linear, in-betweens": {"pace": "linear", "between": 2},
    "sharing": {"pace": "linear", "sampling": SAMPLING | {"sharing": 0.5}},
    "fast": {"sampling": SAMPLING | {"steps": 12, "fast": True}},
    "feedback": {"frames": 6, "feedback": 0.5, "pan": (2, 0)},
    "a cycle of feedback": {"frames": 6, "feedback": 0.5, "loop": "cycle"},
    "bounce": {"loop": "bounce", "pace": "linear"},
}


def test_three_workers_draw_what_one_process_draws(three: Cluster, tiny: UNetModel) -> None:
    """In this process, the tests have one thread, as workers of one core have."""
    assert three.numerics == tiny.numerics
    for name, settings in FILMS.items():
        assert pixels(render(story(**settings), three)) == pixels(render(story(**settings), tiny)), name


def test_stills_sheets_and_several_films_are_drawn_by_workers_too(three: Cluster, tiny: UNetModel) -> None:
    def ours(model: Model) -> list[list[bytes]]:
        films = render_together([story(8, seed=seed, pace="linear") for seed in range(3)], model)
        return [pixels([still("a tree", model, sampling=SAMPLING)]), pixels(sheet(story(), model)), *map(pixels, films)]

    expected = ours(tiny)
    assert ours(three) == expected


def test_files_have_the_same_bytes_by_one_and_by_three(three: Cluster, tmp_path: Path, nodes: Any, tiny_folder: Path) -> None:
    kinds = ("film.mp4", "film.gif", "frames/")
    with Cluster(str(tiny_folder), 1, nodes.address, device="cpu", batch_size=4) as one:
        for name in kinds:
            write_video(f"{tmp_path}/one-{name}", render(story(), one))
    for name in kinds:
        write_video(f"{tmp_path}/three-{name}", render(story(), three))
        ours, theirs = (tmp_path / f"{count}-{name}" for count in ("one", "three"))
        files = sorted(path.relative_to(ours) for path in ours.iterdir()) if name == "frames/" else [Path()]
        assert files
        for path in files:
            assert (ours / path).read_bytes() == (theirs / path).read_bytes(), name


def test_a_film_goes_on_from_the_store_of_either(three: Cluster, tiny: UNetModel, tmp_path: Path) -> None:
    expected, store = pixels(render(story(pace="linear"), tiny)), Store(tmp_path)
    assert pixels(render(story(pace="linear"), tiny, range(10), store)) == expected[:10]
    assert pixels(render(story(pace="linear"), three, store=store)) == expected
    assert (store.kept, store.drawn) == (10, 24)


@pytest.mark.parametrize("settings", [{"pace": "linear"}, {"feedback": 0.5, "frames": 8}, {"sampling": SAMPLING | {"fast": True}}], ids=str)
def test_killed_workers_cost_no_picture(settings: dict[str, Any], three: Cluster, tiny: UNetModel) -> None:
    import ray

    report = Lines()
    expected, film = pixels(render(story(**settings), tiny)), list[bytes]()
    for number, image in enumerate(render(story(**settings), three, report=report)):
        film.append(image.tobytes())
        if number in (1, 4):
            ray.kill(three._crew.workers[0].actor)
    assert film == expected
    whole(three)
    assert isinstance(three.report, Lines)
    assert any("has ended" in line for line in three.report.warned)


def test_what_is_decoded_waits_for_another_worker_when_all_have_ended(three: Cluster, tiny: UNetModel) -> None:
    import ray

    latents = tiny.noise(4, 64, 64, 1)
    for worker in three._crew.workers:
        ray.kill(worker.actor)
    assert np.array_equal(three.decode(latents), tiny.decode(latents))
    whole(three)


def test_a_machine_that_is_gone_costs_no_picture(nodes: Any, three: Cluster, tiny: UNetModel) -> None:
    """Of four, two are taken away at once: three workers have one each, so that one at least had a worker."""
    whole(three)
    expected, film, gone = pixels(render(story(pace="linear"), tiny)), list[bytes](), list[Any]()
    for number, image in enumerate(render(story(pace="linear"), three)):
        film.append(image.tobytes())
        if number == 1:
            gone = [*nodes.worker_nodes][:2]
            for node in gone:
                nodes.remove_node(node, allow_graceful=False)
    for _ in gone:
        nodes.add_node(num_cpus=1, object_store_memory=10**8)
    assert film == expected
    whole(three)


def test_workers_that_differ_are_refused_by_name(three: Cluster) -> None:
    from dataclasses import replace

    from animate.cluster.cluster import agreed

    facts = whole(three)
    other = replace(facts[0], host="node-7", numerics=replace(facts[0].numerics, hardware="another CPU"))
    with pytest.raises(AnimateError, match=r"the worker on node-7 draws with hardware another CPU, .* --mixed takes both"):
        agreed([facts[0], other], three.model, mixed=False)
    assert agreed([facts[0], other], three.model, mixed=True).hardware == f"another CPU and {facts[0].numerics.hardware}"
    older = replace(facts[0], version="0.0.1")
    with pytest.raises(AnimateError, match=r"animate 0\.0\.1.*install the same everywhere"):
        agreed([facts[0], older], three.model, mixed=True)
    with pytest.raises(AnimateError, match="has other weights"):
        agreed([replace(facts[0], fingerprint="0" * 32)], three.model, mixed=True)


def test_no_room_is_told_with_what_there_is(nodes: Any, three: Cluster, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "FREE", 0.2)
    whole(three)
    with pytest.raises(AnimateError, match=r"2 workers with 1 CPU each: [01] CPUs? of the cluster (is|are) free, others hold the rest"):
        Cluster(str(tiny_folder), 2, nodes.address, device="cpu")


@pytest.mark.parametrize(
    ("machines", "count", "device", "expected"),
    [
        ([{"CPU": 16, "GPU": 4}], None, "auto", (4, {"num_cpus": 0, "num_gpus": 1}, None)),
        ([{"CPU": 16, "GPU": 4}], 2, "cuda", (2, {"num_cpus": 0, "num_gpus": 1}, None)),
        ([{"CPU": 16, "GPU": 4}], 4, "cpu", (4, {"num_cpus": 4, "num_gpus": 0}, 4)),
        ([{"CPU": 2}], 2, "auto", (2, {"num_cpus": 1, "num_gpus": 0}, 1)),
        ([{"CPU": 2}], 1, "auto", (1, {"num_cpus": 2, "num_gpus": 0}, 2)),
        ([{"CPU": 8}, {"CPU": 4}], None, "auto", (2, {"num_cpus": 4, "num_gpus": 0}, 4)),
        ([{"CPU": 8}, {"CPU": 2}], 2, "auto", (2, {"num_cpus": 4, "num_gpus": 0}, 4)),
    ],
)
def test_what_each_worker_is_given(machines: Any, count: int | None, device: str, expected: Any) -> None:
    assert asked.shares(machines, count, device) == expected


@pytest.mark.parametrize(
    ("count", "device", "message"),
    [(5, "auto", "5 workers, and there are 2 CPU cores"), (1, "cuda", "1 worker, and there are 0 GPUs")],
)
def test_more_workers_than_there_is_room_for(count: int, device: str, message: str) -> None:
    with pytest.raises(AnimateError, match=message):
        asked.shares([{"CPU": 2}], count, device)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "0"], "0 workers; allowed: a whole number from 1"),
        (["--cluster", "127.0.0.1:1"], "cluster 127.0.0.1:1: nobody answers there"),
        (["--mixed"], "--mixed changes nothing without --workers or --cluster"),
        (["--cluster", "somewhere"], 'cluster "somewhere"; allowed: HOST:PORT'),
    ],
)
def test_what_is_refused_at_once(options: list[str], message: str, run: Run) -> None:
    code, _, said = run("a seed", "a tree", *options)
    assert code == 2
    assert message in said
    assert len(said.strip().splitlines()) == 1


def test_an_address_where_no_ray_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "IS_RAY", 4)
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        address = f"127.0.0.1:{somebody.getsockname()[1]}"
        with pytest.raises(AnimateError, match=rf"cluster {address}: what answers there is no Ray, or does not come to it within 4 s"):
            asked.check_is_ray(address)


@pytest.mark.parametrize("environment", [{"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "1" * 64}, {"RAY_AUTH_MODE": "disabled"}])
def test_a_token_that_is_another_is_told(nodes: Any, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    asked.check_is_ray(nodes.address)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AnimateError, match=r"it lets in who has its token; set RAY_AUTH_MODE=token and the RAY_AUTH_TOKEN that it was started with"):
        asked.check_is_ray(nodes.address)


def test_auto_is_the_cluster_of_the_environment_or_the_one_that_was_started_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And never that of another film's workers, which let nobody in."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(asked, "CURRENT", tmp_path / "ray_current_cluster")
    with pytest.raises(AnimateError, match="cluster auto: none is known on this machine; start one with: ray start --head"):
        asked.check(1, "auto")
    (tmp_path / "ray_current_cluster").write_text("127.0.0.1:1\n")
    with pytest.raises(AnimateError, match=r"cluster 127\.0\.0\.1:1: nobody answers there"):
        asked.check(1, "auto")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:2")
    with pytest.raises(AnimateError, match=r"cluster 127\.0\.0\.1:2: nobody answers there"):
        asked.check(1, "auto")


def test_without_ray_the_line_that_installs_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "find_spec", lambda name: None)
    code, _, said = run("a seed", "a tree", "--workers", "2")
    assert (code, said.strip()) == (2, 'animate: workers need Ray, which is not installed: pip install "animate[ray]"')


def test_the_doctor_says_who_the_workers_are(nodes: Any, run: Run, tiny_folder: Path) -> None:
    code, out, said = run("doctor", "--cluster", nodes.address, "--workers", "1", "--model", str(tiny_folder), "--device", "cpu")
    assert (code, said.strip()) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("ok    cluster   ")
    assert ", 1 thread" in lines[0]
    assert lines[-1].endswith("a picture drawn by each has the same bits")


def test_a_picture_that_is_not_of_a_batch_is_decoded_by_a_worker(three: Cluster, tiny: UNetModel) -> None:
    latents = tiny.noise(3, 64, 64, 2)
    assert np.array_equal(three.decode(latents), np.concatenate([tiny.decode(one[None]) for one in latents]))
