"""The faults of a film in words: what a viewer would mind, a line each. Knows numbers only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .score import Score, longest_still

DOUBLED = 0.2  # of both its neighbours: a step this short between moving frames is a frame shown twice; no ease comes and goes so fast
JUMP = 2.5  # median steps: an ease has up to 1.6, an even pace is promised up to 2; distances saturate, and a gap of five steps has 3
UNEVEN = 0.65  # smoothness of what moves: a constant pace has 1, an ease in and out 0.73, plain interpolation of embeddings 0.74
SEAM = 2.0  # median steps: the step last -> first of a loop is to be as any other
ARRIVED = 0.5  # median steps: one that ends a frame early is a whole step away
FLICKER = 0.35  # of the movement is undone by the next frame: noise of its own in every frame has 0.5, steady motion 0 to 0.3
BURNT = 0.05  # of all values: so many more at their limits at the end than at the beginning
DRIFT = 10.0  # percent over the film: what a feedback film is promised to keep its sharpness within
STEADY = 0.95  # correlation with time: a drift is the same in every frame, what prompts ask for comes and goes
GENERATIONS = 48  # frames: in fewer, feedback has not burnt in, and two different prompts look the same as a drift
BLURRY = 0.8  # of the less sharp end, half-way: two unlike pictures laid over each other have 0.71
LISTED = 3  # places that one line names


def faults(score: Score, loop: bool = False) -> list[str]:
    """What a viewer would mind, a line each; none if there is nothing. `loop`: the film is played round and round."""
    return [*_jumps(score), *_doubles(score), *_pace(score), *_ends(score, loop), *_drifts(score), *_blur(score)]


def _jumps(score: Score) -> Iterator[str]:
    places = sorted((i for i, step in enumerate(score.steps) if step > JUMP * score.median), key=lambda i: -score.steps[i])
    if places:
        yield f"jumps between {_places(places)} ({'up to ' * (len(places) > 1)}{score.jump:.1f} times the median step)"


def _doubles(score: Score) -> Iterator[str]:
    steps, still = score.steps, longest_still(score.steps)
    beside = {i: min(steps[i - 1], steps[i + 1]) for i in range(1, len(steps) - 1)}
    places = [i for i, moving in beside.items() if moving > still and steps[i] < DOUBLED * moving]
    if places:
        yield f"stands still between {_places(places)} ({'a doubled frame' if len(places) == 1 else 'doubled frames'}?)"


def _pace(score: Score) -> Iterator[str]:
    if score.moving_smoothness < UNEVEN:
        yield f"uneven pace: smoothness {score.moving_smoothness:.2f} where it moves (an even pace has above 0.9)"
    if score.flicker > FLICKER:
        yield f"flickers, or leaps too far: {100 * score.flicker:.0f} % of the movement is undone by the next frame"


def _ends(score: Score, loop: bool) -> Iterator[str]:
    if loop and score.seam > SEAM:
        yield f"does not close: last to first is {score.seam:.1f} times the median step"
    if loop and score.seam < DOUBLED:
        yield "shows its first frame twice when it loops: the last is the same"
    if score.end is not None and score.end > ARRIVED:
        yield f"ends before its end picture: {score.end:.1f} median steps are missing"


def _drifts(score: Score) -> Iterator[str]:
    first, last = score.clipped
    if last - first > BURNT:
        yield f"colours burn: {100 * first:.0f} % of the values are at their limits at first, {100 * last:.0f} % at the end"
    trends = {"colour": score.colour, "contrast": score.spread, "sharpness": score.sharpness}
    totals = {name: trend.slope * (score.frames - 1) / 100 for name, trend in trends.items()}
    steady = [name for name, trend in trends.items() if abs(trend.steady) > STEADY and abs(totals[name]) > DRIFT]
    if score.frames >= GENERATIONS and len(steady) > 1:
        yield f"colours drift: {', '.join(f'{name} {totals[name]:+.0f} %' for name in steady)} from beginning to end"


def _blur(score: Score) -> Iterator[str]:
    first, middle, last = score.sharp
    if middle < BLURRY * min(first, last):
        yield f"blurry half-way: {100 * score.mid_sharpness:.0f} % of the sharpness of its ends"


def _places(steps: Sequence[int]) -> str:
    """The frames that some steps lead from and to; of many steps the first few."""
    more = f" and in {len(steps) - LISTED} more places" if len(steps) > LISTED else ""
    return "frames " + ", ".join(f"{step} and {step + 1}" for step in steps[:LISTED]) + more
