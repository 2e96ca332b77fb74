"""The faults of a film in words: what a viewer would mind, a line each. Knows numbers only, and what the film's storyboard asks for.

With a storyboard, a step is compared with what is asked of it: its share of the way between two keyframes, which is as long as the
steps of that way say. Without one, with the steps around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .asked import Asked
from .drift import Change, change, steady
from .score import Score, flicker, gini, longest_still

DOUBLED = 0.2  # of what is expected: a step this short between moving frames is a frame shown twice
ALIKE = 3.0  # times the other: neighbours of a doubled frame move alike; where one eases out and the next one in, they do not
JUMP = 2.5  # times what is expected: an even pace is promised up to 2; distances saturate, and a gap of five steps has 3
SLOW = 0.5  # of a way's usual step: what is less, at the ends of an easing, is no measure of a jump
AROUND = 4  # steps before and after, that one is compared with where nothing says how long it should be
UNEVEN = 0.65  # smoothness of what moves: a constant pace has 1, an ease in and out 0.73, plain interpolation of embeddings 0.74
SEAM = 2.0  # median steps: the step last -> first of a loop is to be as any other
ARRIVED = 0.35  # median steps: one that ends a frame early is a step away, of which palettes and codecs hide half; others have 0.1
FLICKER = 0.35  # of the movement is undone by the next frame: noise of its own in every frame has 0.5, steady motion 0 to 0.3
FLASH = 0.5  # of the longer of two jumps: so near are the frames before and after a flash
MOVED = 0.25  # of the median step that should move: so much moves in a held frame only if it is not held; compression moves a tenth of that
BURNT = 5.0  # percent of all values: so many more at their limits
DRIFT = 10.0  # percent: what a feedback film is promised to keep its sharpness within
STEADY = 0.95  # correlation with time: a drift is the same in every frame, what prompts ask for comes and goes
RECOLOURED = 0.94  # of the last picture: the first one in other colours has 0.96 and more, one subject in two kinds of weather 0.9
GENERATIONS = 48  # frames: in fewer, feedback has not burnt in
SETTLED = 4  # frames after which fed-back pictures have arrived at a prompt that is held from there on
BLURRY = 0.75  # of the less sharp end, half-way: two unlike pictures laid over each other have 0.71
LISTED = 3  # places that one line names


def faults(score: Score, loop: bool = False, asked: Asked | None = None) -> list[str]:
    """What a viewer would mind, a line each; none if there is nothing.

    loop: the film is played round and round. asked: what its storyboard asks for; None: judged by its pictures alone.
    """
    expected = _by_storyboard(score, asked) if asked and asked.measured else _by_neighbours(score)
    loop = loop or bool(asked and asked.seam)
    return [
        *_jumps(score, expected, asked), *_doubles(score, expected, asked), *_moved(score, asked), *_pace(score, expected, asked),
        *_ends(score, loop, asked), *(_drifts(score) if asked is None else _drifts_in_holds(score, asked)), *_blur(score, asked),
    ]  # fmt: skip


# --- how long a step should be ----------------------------------------------------------------------------------------------


def _by_neighbours(score: Score) -> np.ndarray:
    """The median of the steps around each that move, (N - 1,)."""
    steps, still = np.array(score.steps), longest_still(score.steps)
    expected = []
    for i in range(len(steps)):
        around = np.r_[steps[max(0, i - AROUND) : i], steps[i + 1 : i + 1 + AROUND]]
        moving = around[around > still]
        expected.append(float(np.median(moving)) if len(moving) > 1 else score.median)
    return np.array(expected)


def _by_storyboard(score: Score, asked: Asked) -> np.ndarray:
    """Every step's share of its segment, times the segment's length, (N - 1,): 0 where the film holds still."""
    lengths = {segment: _length(score, asked, segment) for segment in {step.segment for step in asked.steps}}
    return np.array([step.share * lengths[step.segment] for step in asked.steps])


def _length(score: Score, asked: Asked, segment: int) -> float:
    """Of a segment, as half of its steps say at least and half at most, each counted by its share: a few that are wrong do not matter."""
    own = [(length / step.share, step.share) for length, step in zip(score.steps, asked.steps, strict=True) if step.segment == segment and step.share]
    if not own:
        return 0.0
    ordered = np.array(sorted(own))
    passed = ordered[:, 1].cumsum()
    return float(ordered[np.searchsorted(passed, passed[-1] / 2), 0])


def _usual(expected: np.ndarray, asked: Asked | None) -> np.ndarray:
    """Of every step, the usual one of its segment, (N - 1,)."""
    if asked is None or not asked.measured:
        return expected
    segments = np.array([step.segment for step in asked.steps])
    moving = {segment: expected[(segments == segment) & (expected > 0)] for segment in {*segments.tolist()}}
    fallback = float(np.median(expected[expected > 0])) if (expected > 0).any() else 0.0
    return np.array([np.median(moving[segment]) if len(moving[segment]) else fallback for segment in segments.tolist()])


def _known(score: Score, asked: Asked | None) -> list[bool]:
    return [step.known for step in asked.steps] if asked else [True] * len(score.steps)


# --- faults -----------------------------------------------------------------------------------------------------------------


def _leaps(score: Score, expected: np.ndarray, asked: Asked | None) -> tuple[dict[int, float], list[int]]:
    """Steps that are too long, and how many times; and frames that such a step leads to, and another one back."""
    least, known = np.maximum(expected, SLOW * _usual(expected, asked)), _known(score, asked)
    times = {i: float(step / least[i]) for i, step in enumerate(score.steps) if known[i] and step > JUMP * least[i] > 0}
    return times, [i + 1 for i in times if i + 1 in times and score.over_two[i] < FLASH * max(score.steps[i : i + 2])]


def _jumps(score: Score, expected: np.ndarray, asked: Asked | None) -> Iterator[str]:
    times, flashes = _leaps(score, expected, asked)
    if flashes:
        named = f"frame{'s' * (len(flashes) > 1)} {_some([str(i) for i in flashes])}"
        yield f"flashes at {named}: unlike the frames before and after, which are alike"
    places = sorted((i for i in times if not {i, i + 1} & {*flashes}), key=lambda i: -times[i])
    if places:
        against = "what its pace asks for" if asked and asked.measured else "the steps around it"
        yield f"jumps between {_places(places)} ({'up to ' * (len(places) > 1)}{times[places[0]]:.1f} times {against})"


def _doubles(score: Score, expected: np.ndarray, asked: Asked | None) -> Iterator[str]:
    steps, still, known = score.steps, longest_still(score.steps), _known(score, asked)
    if asked and asked.measured:
        places = [i for i in range(len(steps)) if known[i] and expected[i] > 2 * still and steps[i] < DOUBLED * expected[i]]
    else:
        beside = {i: sorted((steps[i - 1], steps[i + 1])) for i in range(1, len(steps) - 1) if known[i] and (not asked or asked.steps[i].share)}
        places = [i for i, (less, more) in beside.items() if less > still and more < ALIKE * less and steps[i] < DOUBLED * less]
    if places:
        yield f"stands still between {_places(places)} ({'a doubled frame' if len(places) == 1 else 'doubled frames'}?)"


def _moved(score: Score, asked: Asked | None) -> Iterator[str]:
    if asked is None or asked.fed_back:
        return
    moving = [length for length, step in zip(score.steps, asked.steps, strict=True) if step.share]
    least = MOVED * float(np.median(moving)) if moving else 0.0
    places = [i for i, step in enumerate(asked.steps) if step.known and not step.share and score.steps[i] > least]
    if places:
        yield f"moves between {_places(places)}, where its storyboard holds still"


def _pace(score: Score, expected: np.ndarray, asked: Asked | None) -> Iterator[str]:
    steps, against = np.array(score.steps), "an even pace has above 0.9; a film that is to become faster has less"
    counted, lengths = steps > longest_still(score.steps), steps
    if asked and asked.measured:
        against = "against the pace that its storyboard asks for, which has 1"
        counted, lengths = expected > SLOW * _usual(expected, asked), steps / np.maximum(expected, np.finfo(float).tiny)
    flashes = _leaps(score, expected, asked)[1]
    for frame in flashes:
        counted[frame - 1 : frame + 1] = False
    smoothness = 1 - gini(lengths[counted]) if lengths[counted].any() else 1.0
    if smoothness < UNEVEN:
        yield f"uneven pace: smoothness {smoothness:.2f} where it moves ({against})"
    undone = flicker(steps, np.array(score.over_two), flashes)
    if undone > FLICKER:
        yield f"flickers, or leaps too far: {100 * undone:.0f} % of the movement is undone by the next frame"


def _ends(score: Score, loop: bool, asked: Asked | None) -> Iterator[str]:
    held = bool(asked and asked.seam and not asked.seam.share)
    if loop and score.seam > SEAM:
        yield f"does not close: last to first is {score.seam:.1f} times the median step"
    if loop and score.seam < _least_seam(score, asked) and not held:
        yield "shows its first frame twice when it loops: the last is the same"
    if score.end is not None and score.end > ARRIVED:
        yield f"ends before its end picture: {score.end:.1f} median steps are missing"


def _least_seam(score: Score, asked: Asked | None) -> float:
    """In median steps: less, and the last frame is the first one."""
    if not asked or not asked.measured or not asked.seam:
        return DOUBLED
    return min(DOUBLED, DOUBLED * asked.seam.share * _length(score, asked, asked.seam.segment) / score.median)


def _drifts(score: Score) -> Iterator[str]:
    """By the pictures alone: only where the last one is the first one in other colours, and they became so by the same from each to the next."""
    if score.frames < GENERATIONS or score.recoloured < RECOLOURED:
        return
    trends = {"contrast": [one.spread for one in score.appearances], "sharpness": [one.sharpness for one in score.appearances]}
    steadily = [name for name, values in trends.items() if abs(steady(values)) > STEADY and abs(getattr(score.change, name)) > DRIFT]
    if steadily:
        yield _drifted(f"frame {score.frames - 1} is frame 0 in other colours, more of them in every frame", score.change)


def _drifts_in_holds(score: Score, asked: Asked) -> Iterator[str]:
    """Where the storyboard holds still, whatever the film is made of."""
    changes = drifts(score, asked)
    if changes:
        (begin, end), worst = max(changes.items(), key=lambda one: max(abs(one[1].worst[1]) - DRIFT, one[1].clipped - BURNT))
        if abs(worst.worst[1]) > DRIFT or worst.clipped > BURNT:
            yield _drifted(f"frames {begin} to {end} should be one picture", worst)


def drifts(score: Score, asked: Asked) -> dict[tuple[int, int], Change]:
    """How pictures change that should be the same, the last against the first of every stretch that the storyboard holds."""
    begun = SETTLED if asked.fed_back else 0
    holds = [(begin + begun * (begin > 0), end) for begin, end in asked.holds]
    return {(begin, end): change(score.appearances[begin], score.appearances[end]) for begin, end in holds if begin < end}


def _drifted(where: str, found: Change) -> str:
    parts = ", ".join(f"{name} {round(value):+} %" for name, value in zip(("colour", "contrast", "sharpness"), found[:3], strict=True))
    burnt = f", and {found.clipped:.0f} % more of its values at their limits" if found.clipped > BURNT else ""
    return f"colours {'burn' if burnt else 'drift'}: {where}; the last against the first: {parts}{burnt}"


def _blur(score: Score, asked: Asked | None) -> Iterator[str]:
    ways = asked.segments if asked else [(0, score.frames - 1)]
    for begin, end in ways:
        first, middle, last = score.sharp(begin, end)
        if middle < BLURRY * min(first, last):
            where = f"between frames {begin} and {end}" if asked else "half-way"
            yield f"blurry {where}: {100 * middle / min(first, last):.0f} % of the sharpness of the less sharp end"


def _places(steps: Sequence[int]) -> str:
    """The frames that some steps lead from and to; of many steps the first few."""
    return "frames " + _some([f"{step} and {step + 1}" for step in steps])


def _some(places: Sequence[str]) -> str:
    more = f" and in {len(places) - LISTED} more places" if len(places) > LISTED else ""
    return ", ".join(places[:LISTED]) + more
