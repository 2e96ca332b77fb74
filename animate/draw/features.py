"""Deep features of the pictures that were drawn last, for those that lie between them. Knows nothing of networks, plans or films."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

Place = tuple[str, int]  # a cel's key, and the size of the batch that it was drawn in: its bits depend on both


@dataclass
class Kept:
    """`Features` of a batch that is drawn on its own: what its deep layers make is kept, prediction by prediction."""

    size: int  # cels in the batch
    made: dict[int, Tensor] = field(default_factory=dict)  # (passes, B, C, h, w), by the number of the prediction

    def at(self, number: int) -> None:
        """Its own are computed."""

    def keep(self, number: int, features: Tensor) -> None:
        self.made[number] = features.reshape(-1, self.size, *features.shape[1:])


@dataclass(frozen=True)
class Row:
    """Those of one cel of a batch."""

    batch: Kept
    index: int

    def at(self, number: int) -> Tensor:
        """(passes, C, h, w)."""
        return self.batch.made[number][:, self.index]


class Between:
    """`Features` of a batch whose cels each lie between two others: on the line between theirs."""

    def __init__(self, pairs: Sequence[tuple[Row, Row, float]]):
        """The two of each cel, and its share of the way from the first to the second."""
        self.pairs = pairs
        self._shares = torch.tensor([share for _, _, share in pairs])[None, :, None, None, None]

    def at(self, number: int) -> Tensor:
        """(passes * B, C, h, w)."""
        lows = torch.stack([low.at(number) for low, _, _ in self.pairs], dim=1)
        highs = torch.stack([high.at(number) for _, high, _ in self.pairs], dim=1)
        self._shares = self._shares.to(lows)  # copied once
        return torch.lerp(lows, highs, self._shares).flatten(0, 1)

    def keep(self, number: int, features: Tensor) -> None:
        raise NotImplementedError("features that were taken from others are not kept")


class FeatureMemory:
    """Features of the last cels that were drawn, up to so many: some 4 MB a cel of sprout, 100 MB of Stable Diffusion 1.5 at 512 pixels."""

    def __init__(self, most: int):
        self.most = most
        self._rows: OrderedDict[Place, Row] = OrderedDict()

    def remember(self, keys: Sequence[str], kept: Kept) -> None:
        """Those of a batch of these cels."""
        for index, key in enumerate(keys):
            self._rows[key, kept.size] = Row(kept, index)
            self._rows.move_to_end((key, kept.size))
        while len(self._rows) > self.most:
            self._rows.popitem(last=False)

    def missing(self, keys: Iterable[str], size: int) -> list[str]:
        """Which of these are not here, each once; those that are will be the last to be forgotten."""
        for place in [(key, size) for key in keys if (key, size) in self._rows]:
            self._rows.move_to_end(place)
        return [key for key in dict.fromkeys(keys) if (key, size) not in self._rows]

    def row(self, key: str, size: int) -> Row:
        return self._rows[key, size]

    def forget(self) -> None:
        """All of them: the device has no room."""
        self._rows.clear()
