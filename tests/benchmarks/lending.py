"""How far pictures are from the full film when they take the deep features of their neighbours, by how far apart those are and at which step.

    python tests/benchmarks/lending.py --renders renders/bench      # sprout, ten minutes on one core

Films of 24 frames in equal steps. Every k-th frame is drawn on its own; those between take its features, on the line between the two nearest.
Writes a table and a plot: PSNR of the pictures between against the work that a film takes, and the error of a single prediction, step by step.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from torch import Tensor

from animate import load_model
from animate.blend import slerp
from animate.measure import distance
from animate.measure.plot import BAR, FAINT, FINER, INK, LARGE, PAPER, RULE, SMALL, WORST
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from animate.models.parts.split import Begun, SplitUNet

PAIRS = (
    ("a seed", "a tree"), ("a house", "a castle"), ("a cat", "a hen"), ("a red boat on a lake", "a sailing ship at sunset"),
    ("a mushroom", "a flower"), ("a mountain at night", "a mountain"),
)  # fmt: skip
FRAMES = 24
EVERY = (2, 3, 4, 6, 8, 12, 23)  # frames from one that is drawn on its own to the next
STEPWISE = (2, 4, 8)  # of those, of which the error of every step is looked at
SEEDS = 1, 2
WIDTH, HEIGHT = 900, 360  # pixels of the plot
COLOURS = (BAR, WORST, (146, 108, 180))


class Film:
    """One pair's film: conditions of its frames, and how they are denoised."""

    def __init__(self, model: UNetModel, pair: tuple[str, str]):
        self.model, self.split, self.guidance = model, SplitUNet(model.unet), model.defaults.guidance
        mixes = [i / (FRAMES - 1) for i in range(FRAMES)]
        a, b = (model.embed(prompt).tensors["prompt_embeds"] for prompt in pair)
        none = model.embed("", negative=True).tensors["prompt_embeds"]
        self.text = torch.stack([none] * FRAMES + [a.lerp(b, mix) for mix in mixes])
        first, last = (model.noise(seed, model.defaults.width, model.defaults.height)[0] for seed in SEEDS)
        self.noise = torch.stack([slerp(first, last, mix) for mix in mixes])

    def denoised(self, every: int, watched: Sequence[int] = ()) -> tuple[Tensor, dict[int, list[float]]]:
        """Latents of all frames; and for each k that is watched, the relative error of the prediction at every step, had features been lent."""
        scheduler = samplers.scheduled(self.model.defaults.sampler, self.model.schedule, self.model.defaults.steps)
        x, errors = self.noise * scheduler.init_noise_sigma, {k: list[float]() for k in watched}
        for timestep in scheduler.timesteps:
            scaled = scheduler.scale_model_input(x, timestep)
            begun = self.split.begin(torch.cat([scaled, scaled]), timestep, self.text)
            prediction = self.guided(begun, self.features(begun, every))
            for k in watched:
                others = [i for i in range(FRAMES) if i % k and i < (FRAMES - 1) // k * k]
                error = self.guided(begun, self.features(begun, k)) - prediction
                errors[k].append(float(error[others].norm() / prediction[others].norm()))
            x = scheduler.step(prediction, timestep, x, return_dict=False)[0]
        return x, errors

    def guided(self, begun: Begun, features: Tensor) -> Tensor:
        away, towards = self.split.end(begun, features).chunk(2)
        return away + self.guidance * (towards - away)

    def features(self, begun: Begun, every: int) -> Tensor:
        """The deep features of every k-th frame and of the last, and of those between the line."""
        own = sorted({*range(0, FRAMES, every), FRAMES - 1})
        rows = torch.tensor([*own, *(FRAMES + i for i in own)])
        time = begun.time if len(begun.time) == 1 else begun.time[rows]
        made = self.split.deep(Begun(begun.hidden[rows], [skip[rows] for skip in begun.skips], time, begun.text[rows]))
        lent = list[Tensor]()
        for half in made.chunk(2):
            for i in range(FRAMES):
                after = next(n for n, frame in enumerate(own) if frame >= i)
                low, high = own[max(0, after - 1)], own[after]
                lent.append(half[after] if high == i else torch.lerp(half[after - 1], half[after], (i - low) / (high - low)))
        return torch.stack(lent)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = float(np.mean((a.astype(np.float32) - b) ** 2))
    return min(99.0, 10 * float(np.log10(255**2 / error))) if error else 99.0


def measured(model: UNetModel, shallow: float) -> dict[str, object]:
    """PSNR and distance of the pictures between by k; the error of a prediction by k and step."""
    levels = {k: list[float]() for k in EVERY}
    far = {k: list[float]() for k in EVERY}
    errors = {k: list[list[float]]() for k in STEPWISE}
    for pair in PAIRS:
        film = Film(model, pair)
        latents, wrong = film.denoised(1, STEPWISE)
        exact = model.decode(latents)
        for k in STEPWISE:
            errors[k].append(wrong[k])
        for k in EVERY:
            lent = model.decode(film.denoised(k)[0])
            between = [i for i in range(FRAMES - 1) if i % k]
            levels[k] += [psnr(lent[i], exact[i]) for i in between]
            far[k] += [distance.pyramid(lent[i], exact[i]) for i in between]
        print(pair, {k: round(statistics.median(levels[k]), 1) for k in EVERY}, flush=True)
    own = {k: len({*range(0, FRAMES, k), FRAMES - 1}) for k in EVERY}
    return {
        "every": {
            k: {
                "work": shallow + (1 - shallow) * own[k] / FRAMES, "median": statistics.median(levels[k]),
                "tenth": float(np.percentile(levels[k], 10)), "worst": min(levels[k]), "distance": statistics.median(far[k]),
            }
            for k in EVERY
        },
        "steps": {k: np.mean(errors[k], axis=0).tolist() for k in STEPWISE},
    }  # fmt: skip


def shallow_share(model: UNetModel) -> float:
    """Of a UNet's multiplications, those of its shallow half."""
    from torch.utils.flop_counter import FlopCounterMode

    side = model.unet.config.sample_size
    x, text, timestep = torch.zeros(1, 4, side, side), torch.zeros(1, 77, model.unet.config.cross_attention_dim), torch.tensor(500)
    split = SplitUNet(model.unet)
    begun, counts = split.begin(x, timestep, text), list[int]()
    for work in (lambda: split.deep(begun), lambda: model.unet(x, timestep, text)):
        with FlopCounterMode(display=False) as counter:
            work()
        counts.append(counter.get_total_flops())
    return 1 - counts[0] / counts[1]


class Panel:
    """A part of the plot with axes of its own."""

    def __init__(self, picture: Picture.Image, left: int, right: int, x: tuple[float, float], y: tuple[float, float]):
        self.draw, self.left, self.right, self.x, self.y = ImageDraw.Draw(picture), left, right, x, y

    def at(self, x: float, y: float) -> tuple[float, float]:
        across, up = (x - self.x[0]) / (self.x[1] - self.x[0]), (y - self.y[0]) / (self.y[1] - self.y[0])
        return (self.left + across * (self.right - self.left)) * FINER, (HEIGHT - 50 - up * (HEIGHT - 130)) * FINER

    def line(self, points: Sequence[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        placed = [self.at(*point) for point in points]
        self.draw.line(placed, fill=colour, width=2 * FINER, joint="curve")
        for x, y in placed:
            self.draw.ellipse((x - 3 * FINER, y - 3 * FINER, x + 3 * FINER, y + 3 * FINER), fill=colour)

    def rule(self, y: float) -> None:
        self.draw.line([self.at(self.x[0], y), self.at(self.x[1], y)], fill=RULE, width=FINER)


def plot(found: dict[str, object]) -> Picture.Image:
    every, steps = found["every"], found["steps"]
    assert isinstance(every, dict)
    assert isinstance(steps, dict)
    picture = Picture.new("RGB", (WIDTH * FINER, HEIGHT * FINER), PAPER)
    highest = max(max(values) for values in steps.values())
    left = Panel(picture, 60, 420, (0.25, 0.75), (20, 65))
    right = Panel(picture, 520, 870, (0, len(next(iter(steps.values()))) - 1), (0, 1.1 * highest))
    for y in range(20, 66, 10):
        left.rule(y)
    for number, name in enumerate(("median", "worst")):
        left.line([(one["work"], one[name]) for one in every.values()], COLOURS[number])
    for number, values in enumerate(steps.values()):
        right.line(list(enumerate(values)), COLOURS[number])
    small = picture.resize((WIDTH, HEIGHT), Picture.Resampling.LANCZOS)
    write = ImageDraw.Draw(small)
    large, fine = (ImageFont.load_default(size) for size in (LARGE, SMALL))
    write.text((16, 12), "Deep features lent from picture to picture (sprout, 24 frames)", fill=INK, font=large)
    write.text((16, 40), "PSNR of the pictures between, dB, by the share of the UNet's work", fill=FAINT, font=fine)
    write.text((500, 40), "Relative error of one prediction, by the number of the step", fill=FAINT, font=fine)
    for y in range(20, 66, 10):
        write.text((34, left.at(0, y)[1] / FINER - 7), f"{y}", fill=FAINT, font=fine)
    for k, one in every.items():
        across, up = left.at(one["work"], one["median"])
        write.text((across / FINER - 4, up / FINER - 22), f"{k}", fill=INK, font=fine)
        if k in (2, 4, 23):
            write.text((across / FINER - 10, HEIGHT - 42), f"{one['work']:.2f}", fill=FAINT, font=fine)
    for number, name in enumerate(("median, by frames from anchor to anchor", "worst frame")):
        write.text((60, HEIGHT - 22) if not number else (330, HEIGHT - 22), name, fill=COLOURS[number], font=fine)
    for number, k in enumerate(steps):
        write.text((520 + 110 * number, HEIGHT - 22), f"every {k} frames", fill=COLOURS[number], font=fine)
    write.text((484, right.at(0, highest)[1] / FINER - 7), f"{highest:.0%}", fill=FAINT, font=fine)
    write.text((500, right.at(0, 0)[1] / FINER - 7), "0", fill=FAINT, font=fine)
    return small


def markdown(found: dict[str, object], shallow: float) -> str:
    every = found["every"]
    assert isinstance(every, dict)
    lines = [f"# Deep features lent, {len(PAIRS)} films of sprout of {FRAMES} frames", "", f"The shallow half takes {shallow:.0%} of the UNet.", ""]
    lines += ["| every | work | PSNR, median | a tenth below | worst | distance, median |", "| --- | --- | --- | --- | --- | --- |"]
    for k, one in every.items():
        lines.append(f"| {k} | {one['work']:.2f} | {one['median']:.1f} | {one['tenth']:.1f} | {one['worst']:.1f} | {one['distance']:.3f} |")
    return "\n".join([*lines, ""])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--renders", type=Path, help="folder for the Markdown, the JSON and the plot")
    arguments = p.parse_args()
    model = load_model("sprout", device="cpu")
    assert isinstance(model, UNetModel)
    with torch.inference_mode():
        shallow = shallow_share(model)
        found = measured(model, shallow)
    print(markdown(found, shallow))
    if arguments.renders:
        stem = arguments.renders / "lending"
        stem.with_suffix(".md").write_text(markdown(found, shallow))
        stem.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
        plot(found).save(stem.with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
