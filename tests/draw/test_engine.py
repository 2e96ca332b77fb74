"""Running a plan: which cels are drawn together, in which order, and what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from animate import Keyframe, Storyboard
from animate.draw.engine import WINDOW, Batch, Executor, Inputs, States, run
from animate.draw.executor import WorkerThread
from animate.plan.cel import Cel, Plan, Start
from animate.plan.plan import plan
from animate.story.resolved import resolved
from animate.story.timeline import timeline


def planned(story: Storyboard) -> Plan:
    full = resolved(story, steps=4, guidance=3.0, sampler="ddim", width=64, height=64)
    return plan(timeline(full), full)


class Inline:
    """An executor that draws at once, in this thread."""

    window = WINDOW

    def __init__(self, draw: Callable[[Batch], torch.Tensor]):
        self.draw = draw

    def submit(self, batch: Batch) -> Future[torch.Tensor]:
        future: Future[torch.Tensor] = Future()
        future.set_result(self.draw(batch))
        return future

    def cancel(self, futures: Sequence[Future[torch.Tensor]]) -> None:
        pass


class Tardy(Inline):
    """An executor that draws nothing before it is waited for."""

    def submit(self, batch: Batch) -> Future[torch.Tensor]:
        draw = self.draw

        class Later(Future[torch.Tensor]):
            def result(self, timeout: float | None = None) -> torch.Tensor:
                return draw(batch)

        return Later()


class Recorder:
    """A `draw` that paints every cel with its mix and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, batch: Batch) -> torch.Tensor:
        self.batches.append([cel.key for cel in batch.cels])
        return torch.tensor([cel.blend.mix for cel in batch.cels])[:, None, None, None, None].expand(-1, len(batch.stops), 4, 1, 1)


def test_batches_are_full_and_the_last_is_padded() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=10)), Recorder()
    latents = list(run(made, Inline(draw), {}, batch_size=4))
    assert [len(batch) for batch in draw.batches] == [4, 4, 4]
    assert [float(x.mean()) for x in latents] == pytest.approx([made.cels[key].blend.mix for key in made.order])


def test_nothing_is_drawn_twice() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=20, loop="bounce")), Recorder()
    assert len(list(run(made, Inline(draw), {}, batch_size=1))) == 20
    drawn = [key for batch in draw.batches for key in batch]
    assert len(drawn) == len(set(drawn)) == 11


def test_what_states_hold_is_not_drawn() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=8)), Recorder()
    states = {key: torch.zeros(4, 1, 1) for key in made.order[:6]}
    list(run(made, Inline(draw), states, batch_size=4))
    assert [set(batch) for batch in draw.batches] == [set(made.order[6:])]


def test_states_are_dropped_once_they_are_used_up() -> None:
    made, draw, states = planned(Storyboard.of("a", "b", frames=40)), Recorder(), dict[str, torch.Tensor]()
    most = max(len(states) for _ in run(made, Inline(draw), states, batch_size=4))
    assert most <= 4
    assert not states


def test_nothing_is_drawn_before_it_is_asked_for() -> None:
    made, draw = planned(Storyboard.of("a", "b", frames=40)), Recorder()
    latents = run(made, Inline(draw), {}, batch_size=4)
    assert not draw.batches
    next(latents)
    assert len(draw.batches) == 1 + WINDOW, "those of the first frame, and those that are in flight"


def test_guided_and_unguided_cels_do_not_share_a_batch() -> None:
    keys = (Keyframe(prompt="a", guidance=0), Keyframe(prompt="b", guidance=2))
    made, draw = planned(Storyboard(keyframes=keys, frames=9)), Recorder()
    list(run(made, Inline(draw), {}, batch_size=8))
    assert len(draw.batches) > 1
    for batch in draw.batches:
        assert len({made.cels[key].blend.guidance > 1 for key in batch}) == 1


# --- cels that begin with others ------------------------------------------------------------------------------------------


def tree(frames: int, sharing: float = 1.0, steps: int = 12, **settings: Any) -> Plan:
    sampling = {"steps": steps, "guidance": 3.0, "sampler": "ddim", "sharing": sharing}
    return planned(Storyboard.of(*settings.pop("prompts", "ab"), frames=frames, sampling=sampling, **settings))


def chain(frames: int, **settings: Any) -> Plan:
    return tree(frames, sharing=0.0, feedback=0.5, **settings)


class Tracer:
    """A `draw` whose latents say what was done to get them: of every cel, and of all that it began with.

    A cel that is given other parents, or is drawn without a state that it needs, comes out different.
    """

    def __init__(self) -> None:
        self.batches: list[tuple[list[Cel], tuple[int, ...]]] = []

    def __call__(self, batch: Batch) -> torch.Tensor:
        self.batches.append(([*batch.cels], batch.stops))
        assert len(self.batches) < 5000, "it does not come to an end"
        return torch.stack([self._drawn(cel, given, batch.stops) for cel, given in zip(batch.cels, batch.inputs, strict=True)])

    @staticmethod
    def _drawn(cel: Cel, given: Inputs, stops: tuple[int, ...]) -> torch.Tensor:
        assert len(given) == len(cel.start.parents)
        begun = sum((i + 2) * float(state.mean()) for i, state in enumerate(given)) % 1
        own = int(cel.whole.key[:8], 16) / 2**32
        return torch.tensor([(begun + own * (1 + stop)) % 1 for stop in stops], dtype=torch.float64)[:, None, None, None]

    @property
    def drawn(self) -> list[str]:
        """Each denoising, without the repeats that pad a batch."""
        return [key for cels, _ in self.batches for key in dict.fromkeys(cel.whole.key for cel in cels)]


def told(made: Plan, states: States | None = None, batch_size: int = 4, of: type[Inline] = Inline) -> tuple[list[float], Tracer]:
    draw = Tracer()
    return [float(latents.mean()) for latents in run(made, of(draw), {} if states is None else states, batch_size)], draw


def test_cels_that_differ_only_in_where_they_stop_are_one_denoising() -> None:
    made = tree(17)
    _, draw = told(made)
    denoisings = {cel.whole.key for cel in made.cels.values()}
    assert len(made.cels) > len(denoisings) == 17
    assert sorted(draw.drawn) == sorted(denoisings)


def test_each_state_is_that_of_its_own_stop() -> None:
    made, states = tree(9), dict[str, torch.Tensor]()
    next(run(made, Inline(Tracer()), states, batch_size=1))
    first = made.cels[made.order[0]]
    held = {cel.end: states[key] for key, cel in made.cels.items() if key in states and cel.whole == first}
    assert set(held) == {cel.end for cel in made.cels.values() if cel.whole == first}
    assert len(held) == len({float(state.mean()) for state in held.values()}) > 2


def test_a_tree_is_drawn_by_levels_in_full_batches() -> None:
    made = tree(33)
    _, draw = told(made, batch_size=4)
    begins: list[int] = [cels[0].start.step for cels, _ in draw.batches]
    assert [begins.count(step) for step in sorted(set(begins))] == [1, 1, 1, 1, 2, 4], "ends, middle, quarters, eighths, ..."
    for cels, _ in draw.batches:
        assert len(cels) == 4
        assert len({cel.start.step for cel in cels}) == 1


def test_a_chain_is_drawn_one_after_the_other() -> None:
    made = chain(9)
    seen, draw = told(made, batch_size=1)
    assert len(seen) == 9
    shown = [cels[0].key for cels, _ in draw.batches if cels[0].key in made.order and cels[0].start.parents]
    assert shown == list(made.order[1:])


@pytest.mark.parametrize("made", [tree(40), chain(40), tree(40, loop="bounce"), tree(41, prompts="aba"), chain(40, loop="cycle")])
def test_what_begins_with_others_is_dropped_once_it_is_used_up(made: Plan) -> None:
    states = dict[str, torch.Tensor]()
    most = max(len(states) for _ in run(made, Inline(Tracer()), states, batch_size=4))
    assert not states
    assert most < len(made.cels) / 2


@pytest.mark.parametrize("made", [tree(40), tree(24, sharing=0.4), chain(20), chain(20, loop="cycle")])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_any_part_of_a_plan_is_as_in_the_whole(made: Plan, batch_size: int) -> None:
    whole, draw = told(made, batch_size=batch_size)
    part, drawn = told(made.only(range(10, 14)), batch_size=batch_size)
    assert part == whole[10:14]
    assert len(drawn.drawn) < len(draw.drawn)
    assert set(drawn.drawn) <= set(draw.drawn)


@pytest.mark.parametrize("made", [tree(24), chain(12)])
@pytest.mark.parametrize("after", [1, 5, 11])
def test_a_film_that_was_stopped_goes_on_as_if_it_had_not_been(made: Plan, after: int) -> None:
    """The store keeps what memory lets go."""
    whole, draw = told(made)
    kept = Keeping()
    stopped = run(made, Inline(Tracer()), kept, batch_size=4)
    for _ in range(after):
        next(stopped)
    done = len({made.cels[key].whole.key for key in kept.kept})
    again, drawn = told(made, Keeping(kept.kept))
    assert again == whole
    assert len(drawn.drawn) == len(draw.drawn) - done


class Keeping(MutableMapping[str, torch.Tensor]):
    """As a store on disk: deleting drops nothing for good."""

    def __init__(self, kept: dict[str, torch.Tensor] | None = None):
        self.kept: dict[str, torch.Tensor] = dict(kept or {})

    def __getitem__(self, key: str) -> torch.Tensor:
        return self.kept[key]

    def __setitem__(self, key: str, state: torch.Tensor) -> None:
        self.kept[key] = state

    def __delitem__(self, key: str) -> None:
        self.kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.kept])

    def __len__(self) -> int:
        return len(self.kept)


class Leaking(Keeping):
    """Entries go when others are read or written, or stay and cannot be read any more: somebody else makes room, a disk breaks."""

    def __init__(self, kept: dict[str, torch.Tensor], losses: Sequence[int], broken: Sequence[int]):
        super().__init__(kept)
        self.losses, self.broken, self.reads = [*losses], {[*kept][i % len(kept)] for i in broken} if kept else set(), 0

    def __getitem__(self, key: str) -> torch.Tensor:
        self.reads += 1
        if self.losses and self.kept and self.reads % 3 == 0:
            self.kept.pop([*self.kept][self.losses.pop() % len(self.kept)])
        if key in self.broken:
            raise KeyError(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return key in self.kept

    def __setitem__(self, key: str, state: torch.Tensor) -> None:
        self.broken.discard(key)
        super().__setitem__(key, state)

    def __delitem__(self, key: str) -> None:
        """Of the two kinds of store, the one that forgets."""
        self.kept.pop(key, None)


FILMS = [tree(17), tree(24, loop="bounce"), tree(12, prompts="aba", sharing=0.5), chain(9), chain(8, loop="cycle"), tree(9, sharing=0.0)]
WHOLE = [told(made)[0] for made in FILMS]
NUMBERS = st.lists(st.integers(0, 10**6), max_size=40)


@given(film=st.integers(0, len(FILMS) - 1), had=st.sets(st.integers(0, 60)), losses=NUMBERS, broken=NUMBERS, batch_size=st.integers(1, 5))
def test_what_a_store_loses_is_drawn_again(film: int, had: set[int], losses: list[int], broken: list[int], batch_size: int) -> None:
    made, all_of = FILMS[film], Keeping()
    list(run(made, Inline(Tracer()), all_of, batch_size=1))
    kept = {key: state for number, (key, state) in enumerate(all_of.kept.items()) if number in had}
    seen, _ = told(made, Leaking(kept, losses, broken), batch_size)
    assert seen == WHOLE[film]


# --- executors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(FILMS)))
def test_batches_do_not_depend_on_how_quick_an_executor_is(number: int) -> None:
    (seen, quick), (as_seen, slow) = told(FILMS[number]), told(FILMS[number], of=Tardy)
    assert seen == as_seen == WHOLE[number]
    assert quick.batches == slow.batches


def test_a_worker_thread_draws_the_same_while_others_wait() -> None:
    for made, whole in zip(FILMS, WHOLE, strict=True):
        draw = Tracer()
        worker: Executor = WorkerThread(lambda batch, on_step, draw=draw: draw(batch))  # type: ignore[misc]
        assert [float(latents.mean()) for latents in run(made, worker, {}, 4)] == whole


def test_looking_ahead_waits_for_what_could_fill_a_batch() -> None:
    """Padding costs as much as pictures."""
    first, parent = (replace(cel, width=side) for cel, side in zip(planned(Storyboard.of("a", "b", frames=2)).cels.values(), (128, 64), strict=True))
    held = replace(parent, steps=9)
    children = [replace(parent, start=Start(2, (of.key,), i, shared=True)) for i, of in enumerate((held, parent, parent, parent))]
    cels = [first, parent, *children]
    made = Plan({cel.key: cel for cel in [*cels, held]}, tuple(cel.key for cel in cels))
    draw = Tracer()
    assert len(list(run(made, Inline(draw), {held.key: torch.zeros(1, 1, 1)}, batch_size=4))) == 6
    assert [len({cel.key for cel in batch}) for batch, _ in draw.batches] == [1, 1, 4]


def test_a_repeat_that_fills_a_batch_begins_with_what_its_cel_begins_with() -> None:
    for made in FILMS:
        draw = Alike()
        list(run(made, Inline(draw), {}, batch_size=5))
        assert draw.repeats


class Alike(Tracer):
    """Compares the inputs of equal cels in a batch."""

    repeats = 0

    def __call__(self, batch: Batch) -> torch.Tensor:
        inputs: dict[str, Inputs] = {}
        for cel, latents in zip(batch.cels, batch.inputs, strict=True):
            known = inputs.setdefault(cel.key, latents)
            assert all(a is b for a, b in zip(known, latents, strict=True))
        self.repeats += len(batch.cels) - len(inputs)
        return super().__call__(batch)


def test_what_is_given_up_ends_at_its_next_step() -> None:
    steps: list[int] = []
    begun = Event()

    def draw(batch: Batch, on_step: Callable[[], object]) -> torch.Tensor:
        for step in range(10_000):
            steps.append(step)
            begun.set()
            time.sleep(0.001)
            on_step()
        return torch.zeros(1)

    worker = WorkerThread(draw)
    cel = next(iter(planned(Storyboard.of("a", "b", frames=2)).cels.values()))
    futures = [worker.submit(Batch((cel,), ((),), (4,))) for _ in range(3)]
    assert begun.wait(10)
    worker.cancel(futures)
    assert len(steps) < 5000
    assert len([step for step in steps if step == 0]) == 1, "those that wait are not begun"
    for future in futures:
        with pytest.raises(CancelledError):
            future.result()


def test_a_film_that_is_left_gives_up_what_is_in_flight() -> None:
    class Counting(Tardy):
        cancelled = 0

        def cancel(self, futures: Sequence[Future[torch.Tensor]]) -> None:
            self.cancelled += len(futures)

    executor = Counting(Tracer())
    latents = run(tree(40, sharing=0.0), executor, {}, batch_size=4)
    next(latents)
    latents.close()
    assert executor.cancelled == WINDOW
