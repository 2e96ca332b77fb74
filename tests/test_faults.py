"""What goes wrong at night: kills, full disks, dead helpers, no numbers, no memory, damaged files, absurd wishes.

Faults that belong to a process happen to a real one: these tests start it and do it harm. `tests/benchmarks/faults.py` kills a
hundred times.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import animate
from animate import AnimateError, AnimateWarning, Sampling, Storyboard, load_model, render
from animate.film.film import resolve
from animate.models import memory
from animate.models.base import Defaults
from animate.models.families.unet import UNetModel
from animate.plan import plan
from animate.story.files import read
from animate.story.timeline import timeline
from children import python
from conftest import Run, StartChild, Work
from test_writers import read as read_video

LONG = ("a seed", "a tree", "--frames", "4000", "--steps", "1")  # half a minute
FAST = Sampling(steps=1, guidance=1)
STORY = Storyboard.of("a seed", "a tree", frames=8, pace="linear", sampling=Sampling(steps=2, guidance=2.0))


def namespaces() -> bool:
    """Whether this machine lets us mount things in a process of our own."""
    return shutil.which("unshare") is not None and subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0


needs_mounts = pytest.mark.skipif(not namespaces(), reason="no user namespaces here")


def animate_on_tmpfs(folder: Path, options: str, arguments: tuple[str, ...], beside: str = "true") -> None:
    """In a child: the command, where a small disk is mounted that nobody else sees, beside a shell script. Last, what is left there, on stderr."""
    user, group, new_user, new_mounts = os.getuid(), os.getgid(), 0x10000000, 0x20000
    if ctypes.CDLL(None, use_errno=True).unshare(new_user | new_mounts):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    subprocess.Popen(["sh", "-c", beside], cwd=folder)
    try:
        python("-m", "animate", *arguments)
    finally:
        print(*[path.name for path in folder.rglob("*") if path.is_file()], file=sys.stderr)


# --- kills ----------------------------------------------------------------------------------------------------------------


def test_kill_9_loses_nothing_but_the_batches_in_flight(tiny_folder: Path, child: StartChild) -> None:
    script = Path(__file__).parent / "benchmarks" / "faults.py"
    done = child(python, str(script), "--count", "8", "--model", str(tiny_folder)).wait()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(
        "batch drawn: 2 kills, at most [4-8] finished cels lost, 0 failures\n"
        "state written: 2 kills, at most 0 finished cels lost, 0 failures\n"
        "state synced: 2 kills, at most 0 finished cels lost, 0 failures\n"
        "frame encoded: 2 kills, at most 0 finished cels lost, 0 failures\n",
        done.stdout,
    )


@pytest.mark.parametrize("trial", range(4))
def test_a_polite_kill_at_any_moment_leaves_a_whole_film_or_none(tiny_folder: Path, tmp_path: Path, child: StartChild, trial: int) -> None:
    draws, target = random.Random(trial), tmp_path / "film.mp4"
    arguments = ("-m", "animate", *LONG, "-o", str(target), "--model", str(tiny_folder))
    number = draws.choice((signal.SIGINT, signal.SIGTERM))
    if trial:
        process = child(python, *arguments)
        time.sleep(draws.uniform(0, 4))
        os.kill(process.pid, number)
        done = process.wait()
        code, err = done.returncode, done.stderr
    else:  # of a new interpreter, which imports for several seconds
        new = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.PIPE, text=True, preexec_fn=minds_ctrl_c)
        time.sleep(draws.uniform(0.2, 3))
        new.send_signal(number)
        err = new.communicate(timeout=120)[1]
        code = new.returncode
    assert code in (130, -signal.SIGTERM, -signal.SIGINT), err
    assert "Traceback" not in err or code < 0
    left = [path.name for path in tmp_path.iterdir()]
    assert left in ([], ["film.mp4"]), (code, err)
    if left:
        assert len(read_video(target, (64, 64))) > 0


def minds_ctrl_c() -> None:
    """A background job inherits it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_what_a_killed_film_left_hidden_is_removed_by_the_next(tiny: UNetModel, tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    node = os.uname().nodename
    (tmp_path / f".animate-{node}-{dead.pid}-00000000.mp4").write_bytes(b"half")
    os.utime(tmp_path / f".animate-{node}-{dead.pid}-00000000.mp4", (time.time() - 1000,) * 2)
    (tmp_path / f".animate-{node}-{os.getpid()}-00000000.mp4").write_bytes(b"under way")
    (tmp_path / f".animate-elsewhere-{dead.pid}-00000000.mp4").write_bytes(b"on another machine")
    animate.write_video(tmp_path / "film.gif", render(STORY, tiny), 12)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted([f".animate-{node}-{os.getpid()}-00000000.mp4", f".animate-elsewhere-{dead.pid}-00000000.mp4", "film.gif"])


def test_an_ffmpeg_that_dies_is_told_and_leaves_nothing(tiny_folder: Path, tmp_path: Path, child: StartChild) -> None:
    process = child(python, "-m", "animate", *LONG, "-o", str(tmp_path / "film.mp4"), "--model", str(tiny_folder))
    encoders: list[psutil.Process] = []
    until = time.monotonic() + 120
    while not (encoders and any(tmp_path.glob(".animate*"))) and time.monotonic() < until:
        time.sleep(0.1)
        encoders = [one for one in psutil.Process(process.pid).children(recursive=True) if "ffmpeg" in one.name()]
    time.sleep(0.5)
    encoders[0].kill()
    done = process.wait()
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("animate: ffmpeg stopped")
    assert not list(tmp_path.iterdir())


def test_a_reader_that_goes_away_costs_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    arguments = ("a seed", "a tree", "--frames", "4", "--steps", "1", "-o", str(tmp_path / "film.gif"), "--model", str(tiny_folder))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "animate", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, ""), "as every well-behaved command of a pipe"
    assert len(read_video(tmp_path / "film.gif", (64, 64))) == 4


# --- disks ----------------------------------------------------------------------------------------------------------------


@needs_mounts
@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_a_disk_that_fills_up_is_told_and_left_clean(tiny_folder: Path, tmp_path: Path, child: StartChild, suffix: str) -> None:
    disk = tmp_path / "small"
    fill = "(for i in $(seq 300); do ls .animate* && break; sleep 0.1; done; sleep 0.5; cat /dev/zero > filler) >/dev/null 2>&1"
    keys = "".join(f"- {{prompt: a seed, seed: {seed}}}\n" for seed in range(800))  # no two frames alike: there is much to write
    (tmp_path / "film.yaml").write_text(f"frames: 800\nsampling: {{steps: 1, guidance: 1}}\nkeyframes:\n{keys}")
    arguments = (str(tmp_path / "film.yaml"), "-o", str(disk / f"film{suffix}"), "--no-store", "--model", str(tiny_folder))
    done = child(animate_on_tmpfs, disk, "size=180m", arguments, fill).wait()
    assert done.returncode == 2
    message, left = done.stderr.splitlines()[-2:]
    assert message.startswith("animate: ")
    assert "No space left" in message
    assert left == "filler", "and nothing of ours"


@needs_mounts
def test_a_full_store_costs_a_line_and_not_the_film(tiny_folder: Path, tmp_path: Path, child: StartChild) -> None:
    film = ("a seed", "a tree", "--frames", "20", "--steps", "1", "-o", str(tmp_path / "film.gif"), "--model", str(tiny_folder))
    done = child(animate_on_tmpfs, tmp_path / "small", "size=40k", (*film, "--store", str(tmp_path / "small"))).wait()
    assert done.returncode == 0
    assert done.stderr.count("what is drawn cannot be kept (No space left on device); drawing goes on") == 1
    assert len(read_video(tmp_path / "film.gif", (64, 64))) == 20


@needs_mounts
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_drawn(tiny_folder: Path, tmp_path: Path, child: StartChild) -> None:
    arguments = ("a", "b", "-o", str(tmp_path / "frozen" / "film.mp4"), "--model", str(tiny_folder))
    done = child(animate_on_tmpfs, tmp_path / "frozen", "ro", arguments).wait()
    assert done.returncode == 2
    assert done.stderr.count("\n") == 2, "one, and none of what is left"
    assert "is not a folder one can write to (Read-only file system)" in done.stderr


# --- models ---------------------------------------------------------------------------------------------------------------


def no_numbers(module: torch.nn.Module, dtypes: tuple[torch.dtype, ...]) -> Any:
    """Lets a part give no numbers in these types."""

    def spoil(part: Any, _: object, out: Any) -> None:
        if part.dtype in dtypes:
            out.sample.mul_(float("nan"))

    return module.register_forward_hook(spoil)


@pytest.mark.parametrize("part", ["unet", "vae.decoder"])
def test_what_overflows_in_sixteen_bits_is_drawn_again_in_float32(tiny_folder: Path, part: str) -> None:
    half, whole = (load_model(str(tiny_folder), device="cpu", dtype=dtype, batch_size=4) for dtype in ("bfloat16", "float32"))
    assert isinstance(half, UNetModel)
    real = half.vae.decode

    def decode(latents: torch.Tensor) -> Any:
        made = real(latents)
        if half.vae.dtype != torch.float32:
            made.sample.mul_(float("nan"))
        return made

    if part == "unet":
        no_numbers(half.unet, (torch.bfloat16,))
    else:
        half.vae.decode = decode
    with pytest.warns(AnimateWarning, match="overflows in bfloat16: what does is drawn again in float32"):
        made = np.stack(list(render(STORY, half)))
    expected = np.stack(list(render(STORY, whole)))
    assert np.abs(made.astype(int) - expected.astype(int)).mean() < 4
    assert made.std() > 5, "not black"
    assert half.unet.dtype == torch.bfloat16, "only what overflowed"


def test_what_overflows_in_encoding_is_encoded_again_in_float32(tiny_folder: Path) -> None:
    half, whole = (load_model(str(tiny_folder), device="cpu", dtype=dtype) for dtype in ("bfloat16", "float32"))
    assert isinstance(half, UNetModel)
    real = half.vae.encode

    def encode(pixels: torch.Tensor) -> Any:
        return SimpleNamespace(latents=torch.full((1, 4, 8, 8), torch.nan)) if half.vae.dtype == torch.bfloat16 else real(pixels)

    half.vae.encode = encode
    picture = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3), np.uint8)
    with pytest.warns(AnimateWarning, match="overflows in bfloat16"):
        made = half.encode(picture)
    assert torch.allclose(made, whole.encode(picture), atol=0.05)
    assert half.vae.dtype == torch.bfloat16, "again, afterwards"


def test_only_the_cel_that_overflowed_is_replaced(tiny_folder: Path) -> None:
    """Its neighbours keep their bits, or they would depend on who was drawn with them."""

    def model(spoilt: bool) -> UNetModel:
        loaded = load_model(str(tiny_folder), device="cpu", dtype="bfloat16", batch_size=4)
        assert isinstance(loaded, UNetModel)

        def spoil(part: Any, _: object, out: Any) -> None:
            if part.dtype == torch.bfloat16:
                out.sample[::4] *= float("nan")  # the first of a batch, with and without the prompt

        if spoilt:
            loaded.unet.register_forward_hook(spoil)
        return loaded

    plain = list(render(STORY, model(False)))
    with pytest.warns(AnimateWarning, match="overflows"):
        mended = list(render(STORY, model(True)))
    assert [i for i in range(8) if not np.array_equal(plain[i], mended[i])] == [0, 4]


def test_no_numbers_in_float32_are_named(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder), device="cpu")
    assert isinstance(model, UNetModel)
    no_numbers(model.unet, (torch.float32,))
    with pytest.raises(AnimateError, match=r'no picture came out of "a seed" to "a seed" at mix 0.000: numbers overflowed; use another --sampler'):
        next(render(STORY, model))


NO_ROOM = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")


def with_room_for(model: UNetModel, samples: int, error: Exception = NO_ROOM) -> None:
    def refuse(_: object, args: tuple[torch.Tensor, ...], kwargs: object) -> None:
        if args[0].shape[0] > samples:
            raise error

    model.unet.register_forward_pre_hook(refuse, with_kwargs=True)


@pytest.mark.parametrize("error", [NO_ROOM, MemoryError("Unable to allocate 20 MiB")], ids=lambda error: type(error).__name__)
def test_out_of_memory_halves_the_batch_and_goes_on(tiny_folder: Path, error: Exception) -> None:
    model, small = (load_model(str(tiny_folder), device="cpu", batch_size=batch_size) for batch_size in (8, 2))
    assert isinstance(model, UNetModel)
    with_room_for(model, 4, error)  # two guided pictures
    with pytest.warns(AnimateWarning) as said:
        made = np.stack(list(render(STORY, model)))
    told = [str(warning.message) for warning in said]
    assert told == [f"not enough memory for {size} pictures in a batch: going on with {size // 2}" for size in (8, 4)]
    assert np.array_equal(made, np.stack(list(render(STORY, small)))), "the pictures of a batch of two"


@pytest.mark.parametrize(("free", "batch_size"), [(10.0, 8), (8.0, 8), (7.9, 4), (3.0, 2), (1.0, 1), (None, 8)])
def test_the_batch_size_is_what_the_device_has_room_for(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, free: float | None, batch_size: int, recwarn: pytest.WarningsRecorder
) -> None:
    model = load_model(str(tiny_folder), device="cpu", batch_size=8)
    room = model.memory.bytes_per_sample(64, 64)
    assert room == 2 * 56 * 32 * 8 * 8 * 4, "two samples, in tensors of the first block"
    monkeypatch.setattr(model.memory, "free_bytes", lambda: None if free is None else int(free * room))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnimateWarning)
        assert render(STORY, model).recipe.made.batch_size == batch_size
    if batch_size < 8:
        with pytest.warns(AnimateWarning, match=rf"MB free, and a picture takes about 0\.9 MB: drawing {batch_size} in a batch instead of 8"):
            render(STORY, model)


def test_a_picture_that_no_memory_has_room_for_is_refused(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, work: Work) -> None:
    monkeypatch.setattr(tiny.memory, "free_bytes", lambda: 10**5)
    with pytest.raises(AnimateError, match=r"64 x 64 pixels: a picture takes about 0\.9 MB of memory, and 0\.1 MB are free; use smaller"):
        render(STORY, tiny)
    assert work.samples == 0


def test_a_container_has_the_room_that_its_limit_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 5\ninactive_file 200\nactive_file 9\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=3072))
    assert memory.free_bytes(torch.device("cpu")) == 500
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes(torch.device("cpu")) == 3072
    (tmp_path / "memory.max").write_text("9999\n")
    assert memory.free_bytes(torch.device("cpu")) == 3072
    (tmp_path / "memory.stat").unlink()
    assert memory.free_bytes(torch.device("cpu")) == 3072


class Card:
    """A device that allocates nothing: it notes which parts of a model are on it."""

    sizes = {"text": 2, "unet": 8, "vae": 1}  # noqa: RUF012

    def __init__(self, model: UNetModel, monkeypatch: pytest.MonkeyPatch):
        self.on, self.most = set(self.sizes), 0
        monkeypatch.setattr(model.memory, "device", torch.device("meta"))  # any but a CPU
        for part, name in zip(model.memory.parts, self.sizes, strict=True):
            monkeypatch.setattr(part, "to", lambda to, name=name: self.moved(name, to))

    def moved(self, name: str, to: object) -> None:
        self.on = self.on - {name} if str(to) == "cpu" else self.on | {name}
        self.most = max(self.most, sum(self.sizes[one] for one in self.on) if str(to) != "cpu" else 0)


def test_the_parts_take_turns_where_all_of_them_do_not_fit(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(str(tiny_folder), device="cpu", batch_size=1)
    assert isinstance(model, UNetModel)
    assert not model.memory.offload(), "on a CPU the parts are in memory anyway"
    card = Card(model, monkeypatch)
    assert model.memory.offload()
    assert not model.memory.offload(), "once"
    for part, name in zip(model.memory.parts, ("text", "unet", "vae"), strict=True):
        with model.memory.at_work(part):
            assert card.on == {name}
    assert not card.on
    assert card.most == 8


def test_out_of_memory_takes_turns_after_the_last_halving(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake device: two pictures do not fit, and one only once the other parts are gone."""
    model, alone = (load_model(str(tiny_folder), device="cpu", batch_size=batch_size) for batch_size in (2, 1))
    assert isinstance(model, UNetModel)
    turns: list[bool] = []

    def refuse(_: object, args: tuple[torch.Tensor, ...], kwargs: object) -> None:
        if not turns:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.unet.register_forward_pre_hook(refuse, with_kwargs=True)

    def offload() -> bool:
        turns.append(True)
        return len(turns) == 1

    monkeypatch.setattr(model.memory, "offload", offload)
    with pytest.warns(AnimateWarning) as said:
        made = np.stack(list(render(STORY, model)))
    assert [str(warning.message) for warning in said] == [
        "not enough memory for 2 pictures in a batch: going on with 1",
        "not enough memory for one picture: going on with one part of the model at a time on the device",
    ]
    assert np.array_equal(made, np.stack(list(render(STORY, alone))))


def test_no_room_for_one_picture_is_one_line(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder), device="cpu", batch_size=2)
    assert isinstance(model, UNetModel)
    with_room_for(model, 0)
    with (
        pytest.warns(AnimateWarning, match="going on with 1"),
        pytest.raises(AnimateError, match="not enough memory for one picture of 64 x 64 pixels; use smaller"),
    ):
        next(render(STORY, model))


def test_out_of_memory_in_decoding_goes_on_in_tiles(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder), device="cpu")
    assert isinstance(model, UNetModel)
    real = model.vae.decode

    def decode(latents: torch.Tensor) -> Any:
        if not model.vae.use_tiling:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(latents)

    model.vae.decode = decode
    with pytest.warns(AnimateWarning, match="not enough memory on cpu to decode a whole picture: going on in tiles"):
        assert len(list(render(STORY, model))) == 8


def test_out_of_memory_in_encoding_goes_on_in_tiles(tiny_folder: Path) -> None:
    model, picture = load_model(str(tiny_folder), device="cpu"), np.zeros((1, 64, 64, 3), np.uint8)
    assert isinstance(model, UNetModel)
    real, expected = model.vae.encode, model.encode(picture)

    def encode(pixels: torch.Tensor) -> Any:
        if not model.vae.use_tiling:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(pixels)

    model.vae.encode = encode
    with pytest.warns(AnimateWarning, match="not enough memory on cpu to encode a whole picture: going on in tiles"):
        assert torch.equal(model.encode(picture), expected)


WEIGHTS = [f"{part}/diffusion_pytorch_model.safetensors" for part in ("unet", "vae")]


@pytest.mark.parametrize("part", [*WEIGHTS, "text_encoder/model.safetensors", "unet/config.json", "tokenizer/tokenizer.json", "model_index.json"])
@pytest.mark.parametrize("share", [0.0, 0.7])
def test_a_damaged_model_is_one_line(tiny_folder: Path, tmp_path: Path, part: str, share: float) -> None:
    shutil.copytree(tiny_folder, tmp_path / "model")
    data = (tmp_path / "model" / part).read_bytes()
    (tmp_path / "model" / part).write_bytes(data[: int(share * len(data))])
    with pytest.raises(AnimateError, match=r"cannot be loaded|is not what diffusers writes|is not a whole file of weights") as refused:
        load_model(str(tmp_path / "model"), device="cpu")
    assert "\n" not in str(refused.value)


# --- wishes ---------------------------------------------------------------------------------------------------------------

WORDS = st.one_of(st.sampled_from(["a seed", "a tree", "", " ", "../../etc/passwd", "\x00", "a\nb", "{}", "\u79cd\u5b50"]), st.text(max_size=12))
NUMBERS = st.one_of(st.integers(-3, 60), st.floats(allow_nan=True), st.sampled_from([2**63, 10**12, 1e308, "12", "2.5s", "50%", "101%", None, True]))
KEYS = st.one_of(
    WORDS,
    st.fixed_dictionaries(
        {"prompt": WORDS},
        optional=dict.fromkeys(("at", "seed", "hold", "guidance"), NUMBERS) | {"ease": st.sampled_from(["in", "out", "?"]), "negative": WORDS},
    ),
    st.dictionaries(WORDS, NUMBERS, max_size=2),
)
BOARDS = st.fixed_dictionaries(
    {"keyframes": st.lists(KEYS, max_size=6)},
    optional=dict.fromkeys(("frames", "duration", "fps", "seed", "width", "height"), NUMBERS)
    | {"loop": st.sampled_from(["none", "cycle", "bounce", "?"]), "style": WORDS, "negative": WORDS, "ease": st.sampled_from(["sine", "step", "?"])}
    | {"sampling": st.dictionaries(st.sampled_from(["steps", "guidance", "sampler", "?"]), NUMBERS, max_size=3)},
)
DEFAULTS = Defaults(12, 3.0, "ddim", 64, 64)


def planned_or_refused(path: Path, data: object) -> bool:
    path.write_text(json.dumps(data))
    try:
        story = resolve(read(path), DEFAULTS)
        frames = timeline(story)
        made = plan.plan(frames, story)
    except AnimateError as refused:
        lines = str(refused).splitlines()
        return len(lines) == 1 and bool(lines[0])
    assert len(frames) == len(made.order) == story.count
    return set(made.order) == set(made.cels)


@given(data=BOARDS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_storyboard_is_planned_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    if isinstance(data.get("frames"), int) and int(str(data["frames"] or 0).replace("True", "1")) > 10_000:
        data["frames"] = 10_000
    folder = tmp_path_factory.mktemp("board")
    assert planned_or_refused(folder / "film.json", data)
    assert [path.name for path in folder.iterdir()] == ["film.json"], "nothing is written"


@pytest.mark.slow
@given(data=BOARDS)
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
def test_ten_thousand_storyboards(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    test_every_storyboard_is_planned_or_refused_in_one_line.hypothesis.inner_test(tmp_path_factory, data)  # type: ignore[attr-defined]


def test_a_yaml_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["keyframes:", "- &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    with pytest.raises(AnimateError, match=r"bomb\.yaml:2:3: keyframe 1: allowed: a prompt, or a mapping such as {prompt: a seed, at: 12}; 11 more$"):
        read(tmp_path / "bomb.yaml")


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system [touch owned]", "keyframes: !!python/name:os.system", "- !!binary x"])
def test_yaml_makes_no_objects(tmp_path: Path, text: str) -> None:
    (tmp_path / "film.yaml").write_text(text)
    with pytest.raises(AnimateError, match=r"film\.yaml:1:\d+: could not determine a constructor for the tag '[\w.:/,]+'; mend the file$"):
        read(tmp_path / "film.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["film.yaml"]


@pytest.mark.parametrize("prompt", ["../../up", "/etc/passwd", "a/b", "..", ".hidden", "CON", "a\x00b", "~"])
def test_names_from_prompts_stay_in_their_folder(run: Run, tmp_path: Path, prompt: str) -> None:
    code, out, _ = run("still", prompt, "--steps", "1")
    assert code == 0
    (made,) = tmp_path.rglob("*.png")
    assert made.parent == tmp_path / "renders"
    assert Path(out.strip()).resolve() == made.resolve()
    assert {path.name for path in tmp_path.iterdir()} == {"renders"}
