"""The same film made by animate and by its peers, on the same weights, in one process. Writes Markdown, JSON and a plot as it goes.

    python tests/benchmarks/versus_peers.py --renders renders/bench          # sprout on the CPU, a quarter of an hour on two cores
    python tests/benchmarks/versus_peers.py --device cuda                    # Stable Diffusion 1.5's shape with random weights, 512 px
    python tests/benchmarks/versus_peers.py --model sd15-shaped --side 256   # the same on a CPU

Peers take turns (A B C, A B C ...), after two rounds that are not counted. Of those that can draw several pictures at a time, the quickest
batch is found first. Samples of the UNet are counted where they are computed: guidance, probes and what fills up batches included.
The floor is the exact film's own multiplications at the rate that this machine multiplies large matrices at.
"""

from __future__ import annotations

import argparse
import copy
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from animate.measure import distance
from animate.measure.score import score
from animate.models.base import Origin
from animate.models.families.unet import UNetModel
from animate.models.parts.split import SplitUNet
from animate.models.weights import catalog, loading
from animate.pixels import Image
from animate.report import REPORT

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it has only its own folder
from benchmarks import tables
from benchmarks.peers import LEVELS, Course, Level, Peer, peers
from benchmarks.tables import Result

WARM, COUNTED = 2, 5  # rounds
PROMPTS = {"sprout": ("a seed", "a tree")}


class Counted:
    """How many samples UNets were asked for. Where only the shallow half of one is run, that is its share of a sample, by multiplications."""

    def __init__(self, shallow: float, *unets: Any):
        self.samples, self.shallow = 0.0, shallow
        for unet in unets:
            for part, share in ((unet.conv_in, shallow), (unet.mid_block, 1 - shallow)):
                part.register_forward_pre_hook(lambda _, given, share=share: self._count(len(given[0]) * share))

    def _count(self, samples: float) -> None:
        self.samples += samples


def shaped_like_sd15(side: int) -> Any:
    """A pipeline of Stable Diffusion 1.5's shapes with random weights: what it draws is noise, how long it takes is not."""
    from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    unet = UNet2DConditionModel(sample_size=side // 8, cross_attention_dim=768, attention_head_dim=8)
    kinds = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    vae = AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, sample_size=side, **kinds)
    entry = catalog.CATALOG["sprout"]
    tokenizer = CLIPTokenizer.from_pretrained(entry.where, subfolder="tokenizer")
    sizes = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12, "vocab_size": len(tokenizer)}
    text = CLIPTextModel(CLIPTextConfig(**sizes))
    scheduler = DPMSolverMultistepScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", algorithm_type="dpmsolver++")
    parts = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return StableDiffusionPipeline(vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=scheduler, **parts)


def course(arguments: argparse.Namespace, folder: Path) -> Course:
    """The film, with the weights twice: as we load them, and as diffusers does."""
    entry = catalog.CATALOG.get(arguments.model)
    dtype = torch.float16 if arguments.device.startswith("cuda") else torch.float32
    if arguments.model == "sd15-shaped":
        theirs, steps, guidance = shaped_like_sd15(arguments.side or 512), 25, 7.5
    else:
        theirs = loading.load(arguments.model, entry, lambda *_: dtype, REPORT).pipe
        steps, guidance = (entry.steps, entry.guidance) if entry else (25, 7.5)
    theirs = theirs.to(dtype=dtype)
    ours = copy.deepcopy(theirs)
    model = UNetModel(Origin(arguments.model, "0" * 32, steps, guidance), ours, arguments.device, arguments.batch)
    theirs.to(arguments.device).set_progress_bar_config(disable=True)
    side = arguments.side or model.defaults.width
    prompts = PROMPTS.get(arguments.model, ("a photo of a seed", "a photo of a tree"))
    return Course(model, theirs, prompts, arguments.frames, arguments.steps or steps, guidance, side, folder)


def _finish(on: Course) -> None:
    """Wait for the device."""
    if on.model.device.type == "cuda":
        torch.cuda.synchronize()


def timed(peer: Peer, on: Course, level: Level) -> tuple[float, float, list[Image]]:
    """Seconds, seconds until the first picture, and the pictures."""
    _finish(on)
    began, first = time.perf_counter(), list[float]()
    images = peer.make(on, level, lambda: first.append(time.perf_counter() - began))
    _finish(on)
    return time.perf_counter() - began, first[0] if first else float("nan"), images


def quickest(those: Sequence[Peer], on: Course, limit: int) -> list[Peer]:
    """Of peers that differ in the size of their batches alone, the quickest; a short film each."""
    kept: dict[str, tuple[float, Peer]] = {}
    for peer in those:
        stem = re.sub(r", batch \d+$", "", peer.name)
        alone = stem == peer.name or sum(other.name.startswith(f"{stem}, batch") for other in those) == 1
        seconds = 0.0 if alone else min(timed(peer, on, "film")[0] for _ in range(limit))
        if stem not in kept or seconds < kept[stem][0]:
            kept[stem] = seconds, peer
    return [peer for _, peer in kept.values()]


def peak(device: torch.device, begin: bool) -> float:
    """The most memory since it was begun, in MB; 0 where the system does not tell."""
    if device.type == "cuda":
        if begin:
            torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated() / 1e6
    try:
        if begin:
            Path("/proc/self/clear_refs").write_text("5")
        return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1e3
    except (OSError, IndexError):
        return 0.0


def psnr(image: Image, exact: Image) -> float:
    """Of 8 bits, in dB; equal images have 99."""
    error = float(np.mean((image.astype(np.float32) - exact) ** 2))
    return min(99.0, 10 * float(np.log10(255**2 / error))) if error else 99.0


def compare(result: Result, images: Sequence[Image], exact: Sequence[Image]) -> None:
    """How far a film is from the exact one, and how it moves."""
    scored = score(iter(images), distance.structure)
    result.smooth = {"smoothness": scored.smoothness, "worst/median": scored.jump, "sharpness half-way": scored.mid_sharpness}
    if len(images) == len(exact):
        levels = [psnr(a, b) for a, b in zip(images, exact, strict=True)]
        far = [distance.pyramid(a, b) for a, b in zip(images, exact, strict=True)]
        result.psnr = statistics.median(levels), min(levels)
        result.apart = statistics.median(far), max(far)


def floor(on: Course) -> tuple[float, float, float]:
    """Seconds of the exact film's multiplications, the rate of large matrices on this machine, in GFLOP/s, and the UNet's shallow share."""
    unet, vae, device = on.pipe.unet, on.pipe.vae, on.model.device
    x = torch.zeros(1, unet.config.in_channels, on.side // on.model.autoencoder.factor, on.side // on.model.autoencoder.factor)
    x = x.to(device, unet.dtype)
    text = torch.zeros(1, 77, unet.config.cross_attention_dim, device=device, dtype=unet.dtype)
    with torch.inference_mode():
        step = _flops(lambda: unet(x, torch.tensor(500, device=device), encoder_hidden_states=text))
        picture = _flops(lambda: vae.decode(x))
        begun = (split := SplitUNet(unet)).begin(x, torch.tensor(500, device=device), text)
        deep = _flops(lambda: split.deep(begun))
    passes = 2 if on.guidance > 1 else 1
    work = on.frames * (on.steps * passes * step + picture)
    size = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(size, size, device=device, dtype=unet.dtype) for _ in range(2))
    seconds = min(_matmul(a, b) for _ in range(10))
    rate = 2 * size**3 / seconds
    return work / rate, rate / 1e9, 1 - deep / step


def _flops(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def _matmul(a: torch.Tensor, b: torch.Tensor) -> float:
    began = time.perf_counter()
    product = a @ b
    float(product[0, 0])  # waits for the device
    return time.perf_counter() - began


def run(arguments: argparse.Namespace, on: Course, shallow: float, write: Any) -> list[Result]:
    """All rounds. shallow: the share of a UNet's shallow half. write: is told of the results after every one."""
    counted = Counted(shallow, on.model.unet, on.pipe.unet)
    theirs = quickest(peers(arguments.batch, arguments.compiled), on, arguments.tries)
    results = [Result(peer.name, peer.kind) for peer in theirs]
    exact: list[Image] = []
    for number in range(-WARM, arguments.rounds):
        for peer, result in zip(theirs, results, strict=True):
            for level in arguments.levels:
                before = counted.samples
                peak(on.model.device, begin=True)
                seconds, first, images = timed(peer, on, level)
                if number == -WARM and level == arguments.levels[0]:
                    result.cold = seconds
                if number >= 0:
                    result.seconds.setdefault(level, []).append(seconds)
                    result.first.setdefault(level, []).append(first)
                if level == "film":
                    result.samples, result.peak_mb = (counted.samples - before) / on.frames, peak(on.model.device, begin=False)
                    if number == 0:
                        exact = exact or images
                        compare(result, images, exact if peer.aligned else [])
        if number >= 0:
            write(results)
        print(f"round {number + 1 if number >= 0 else 'to warm up'}", file=sys.stderr, flush=True)
    return results


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", help="a name, folder or file, or sd15-shaped; default: sprout, on a GPU sd15-shaped")
    p.add_argument("--device", default="cpu")
    p.add_argument("--side", type=int, help="pixels; default: the model's own")
    p.add_argument("--frames", type=int, default=24)
    p.add_argument("--steps", type=int, help="default: the model's own")
    p.add_argument("--rounds", type=int, default=COUNTED)
    p.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS, help="how much of a film is timed; the last, film, is what counts")
    p.add_argument("--tries", type=int, default=1, help="films with which the quickest batch is found")
    p.add_argument("--batch", type=int, help="the largest batch that is tried, and ours; default: 8, on a GPU 16")
    p.add_argument("--compiled", action="store_true", help="the naive loop compiled, too: a minute more on a CPU")
    p.add_argument("--renders", type=Path, help="folder for the Markdown, the JSON and the plot")
    arguments = p.parse_args()
    gpu = arguments.device.startswith("cuda")
    arguments.model = arguments.model or ("sd15-shaped" if gpu else "sprout")
    arguments.batch = arguments.batch or (16 if gpu else 8)
    arguments.compiled = arguments.compiled or gpu
    with tempfile.TemporaryDirectory() as folder:
        on = course(arguments, Path(folder))
        least, rate, shallow = floor(on)
        about = tables.About(
            arguments.model, on.side, on.frames, on.steps, on.guidance, machine(on), round(least, 3), round(rate, 1),
        )  # fmt: skip

        def write(results: Sequence[Result]) -> None:
            if arguments.renders:
                tables.write(arguments.renders, about, results)

        print(tables.markdown(about, run(arguments, on, shallow, write)))


def machine(on: Course) -> str:
    """What it was drawn on."""
    threads = f"{torch.get_num_threads()} threads, {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    name = torch.cuda.get_device_name(on.model.device) if on.model.device.type == "cuda" else threads
    return f"{name}; torch {torch.__version__}, {str(on.pipe.unet.dtype).removeprefix('torch.')}"


if __name__ == "__main__":
    main()
