"""Prompts for CLIP text encoders: weights in brackets, and as many chunks of the encoder's length as the words need.

The syntax is that of AUTOMATIC1111's web UI, which people's prompts are written in. Knows tokenizers and text encoders, and
nothing of the networks that use the embeddings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from ...errors import AnimateError
from .vocabulary import Vocabulary

STEP = 1.1  # a pair of round brackets multiplies by it, a pair of square ones divides
HEAVIEST = 10.0  # largest weight, positive or negative; pictures fall apart long before
BACKTRACK = 20  # tokens: a chunk ends early at a comma that is no further from its end; the web UI's default
GRAMMAR = re.compile(
    r"""
    (?P<escaped> \\[()\[\]] )
    | (?P<opening> [(\[] )
    | (?P<closing> \] | (?: : \s* (?P<number> [+-]? (?: [.,]*[0-9][0-9.,]* (?:e[+-]?[0-9]+)? | inf(?:inity)? | nan ) ) \s* )? \) )
    | [^\\()\[\]:]+
    | [\\:]
    """,
    re.VERBOSE | re.IGNORECASE,
)
OPENING = {")": "(", "]": "["}
BREAK = re.compile(r"(?<![^\s,])BREAK(?![^\s,])")

Token = tuple[int, float]  # (id in the tokenizer's vocabulary, weight)


@dataclass(frozen=True)
class Weighted:
    """A piece of a prompt and the weight of its words; 1 without brackets."""

    text: str
    weight: float


@dataclass(frozen=True)
class Encoded:
    """The output of a text encoder for one prompt; float32 on the CPU."""

    hidden: Tensor  # (chunks * model_max_length, width)
    pooled: Tensor | None  # (width of the projection,); None for encoders without one


def parse(prompt: str) -> tuple[Weighted, ...]:
    r"""The pieces of a prompt by weight, at least one: "a (red:1.3) [cat]" -> "a " 1, "red" 1.3, " " 1, "cat" 1/1.1.

    Brackets in brackets multiply. `\(`, `\)`, `\[`, `\]` and brackets without a partner are text. BREAK stays in the text.
    Raises AnimateError for a weight, written or multiplied, that is no number from -10 to 10.
    """
    parts = [*GRAMMAR.finditer(prompt)]
    closing = _pairs(parts)
    closed, weights, pieces = {*closing.values()}, [1.0], [Weighted("", 1.0)]
    for index, part in enumerate(parts):
        if index in closing:
            weights.append(weights[-1] * _factor(parts[closing[index]]))
        elif index in closed:
            weights.pop()
        else:
            pieces.append(Weighted(part[0][1:] if part["escaped"] else part[0], _allowed(weights[-1], f"{weights[-1]:g}")))
    merged = [Weighted("".join(piece.text for piece in group), weight) for weight, group in groupby(pieces, lambda piece: piece.weight)]
    return tuple(piece for piece in merged if piece.text) or (Weighted("", 1.0),)


def _pairs(parts: Iterable[re.Match[str]]) -> dict[int, int]:
    """Brackets that belong together, opening -> closing. One that is still open when a pair closes around it has no partner."""
    pairs: dict[int, int] = {}
    waiting: dict[str, list[int]] = {"(": [], "[": []}
    for index, part in enumerate(parts):
        if part["opening"]:
            waiting[part[0]].append(index)
        elif part["closing"] and (same := waiting[OPENING[part[0][-1]]]):
            pairs[start := same.pop()] = index
            for others in waiting.values():
                while others and others[-1] > start:
                    others.pop()
    return pairs


def _factor(closing: re.Match[str]) -> float:
    if closing[0] == "]":
        return 1 / STEP
    number = closing["number"]
    if number is None:
        return STEP
    try:
        weight = float(number)
    except ValueError as error:
        raise _refused(number) from error
    return _allowed(weight, number)


def _allowed(weight: float, written: str) -> float:
    if not -HEAVIEST <= weight <= HEAVIEST:  # a NaN is refused, too
        raise _refused(written)
    return weight


def _refused(written: str) -> AnimateError:
    return AnimateError(
        f"{written} is no weight for words of a prompt: weights are numbers from {-HEAVIEST:g} to {HEAVIEST:g}, as in (red:1.3); "
        r"write \( and \) for brackets that are text"
    )


def clean(text: str) -> str:
    """Text as CLIP's tokenizer had it in training, and in 2022: ftfy straightens quotes, ligatures, full-width letters and "&amp;"."""
    import ftfy  # here, so that the command starts at once

    return ftfy.fix_text(text)


def plainly(prompt: str) -> str:
    """A prompt that is read as this one is written: its brackets are no weights, and BREAK is a word."""
    return re.sub(r"[()\[\]]", r"\\\g<0>", BREAK.sub("break", prompt))


def words_of(prompt: str, tokenizer: Any) -> str:
    """What a prompt says, without its weights, its BREAKs and the words that embeddings have added. Raises AnimateError."""
    text = clean("".join(piece.text for piece in parse(prompt)))
    for added in sorted(tokenizer.get_added_vocab(), key=len, reverse=True):
        text = text.replace(added, " ")
    return BREAK.sub(" ", text)


def chunk_count(tokenizer: Any, prompt: str) -> int:
    """How many chunks of a text encoder's length a prompt takes, at least 1."""
    return len(_chunked(tokenizer, prompt))


def length_warning(tokenizer: Any, prompt: str, plain: bool = False) -> str | None:
    """A line for a prompt of more tokens than one chunk holds; None for others. plain: only one chunk of it is read."""
    chunks, capacity = _chunked(tokenizer, plainly(prompt) if plain else prompt), _capacity(tokenizer)
    length = sum(len(chunk) for chunk in chunks)
    if length <= capacity:
        return None
    read = f"the first {capacity} are read, as by CompVis's scripts" if plain else f"read in {len(chunks)} parts of {capacity}"
    return f'"{" ".join(prompt.split())[:40]}..." is {length} tokens long: {read}'


def unknown_words(tokenizer: Any, prompt: str) -> list[str]:
    """The words, in lower case, that a tokenizer splits into letters or bytes: the text encoder never learned them.

    They take a token or more for each of their letters, and three at least. CLIP's knows many single letters of other alphabets
    as tokens of two bytes, so that counting bytes would miss most of Russian or Japanese.
    """
    ids = [[token for token, _ in word] for part in _parts(tokenizer, prompt) for word in part]
    words = [(tokenizer.decode(word), len(word)) for word in ids if len(word) >= 3]
    return list(dict.fromkeys(word for word, length in words if length >= len(word)))


class ClipText:
    """`models.base.Text` of a model with one or more CLIP text encoders.

    vocabulary: the words that a small model was trained on; None for a model of CLIP's whole vocabulary.
    """

    def __init__(self, name: str, tokenizers: Sequence[Any], vocabulary: Vocabulary | None):
        self.name, self.tokenizers, self.vocabulary = name, tokenizers, vocabulary

    def chunks(self, prompt: str) -> int:
        return max(chunk_count(tokenizer, prompt) for tokenizer in self.tokenizers)

    def warnings(self, prompts: Sequence[str], plain: bool = False) -> list[str]:
        tokenizer = self.tokenizers[0]
        lines = [line for prompt in prompts if (line := length_warning(tokenizer, prompt, plain))]
        prompts = [plainly(prompt) for prompt in prompts] if plain else prompts
        if self.vocabulary:
            said = [words_of(prompt, tokenizer) for prompt in prompts]
            lines += [f"{self.name} {missed}; animate models lists what it knows"] if (missed := self.vocabulary.missed(said)) else []
        elif split := list(dict.fromkeys(word for prompt in prompts for word in unknown_words(tokenizer, prompt))):
            known = f"{self.name} knows {', '.join(split)} only letter by letter"
            lines.append(f"{known}: it was trained on English; say it in English words")
        return lines


def _capacity(tokenizer: Any) -> int:
    """Tokens of a prompt in a chunk, between its start and its end token; 75 of CLIP's 77."""
    capacity: int = tokenizer.model_max_length - 2
    return capacity


def _chunked(tokenizer: Any, prompt: str, plain: bool = False) -> list[list[Token]]:
    """A prompt's tokens chunk by chunk. No chunk is empty, except the only one of an empty prompt. plain: as in `encode`."""
    if plain:
        return [[token for part in _parts(tokenizer, plainly(prompt)) for word in part for token in word][: _capacity(tokenizer)]]
    capacity, comma = _capacity(tokenizer), tokenizer.convert_tokens_to_ids(",</w>")
    return [chunk for part in _parts(tokenizer, prompt) for chunk in _packed(part, capacity, comma) if chunk] or [[]]


def _parts(tokenizer: Any, prompt: str) -> list[list[list[Token]]]:
    """A prompt's parts between BREAKs; of each its words, of each word its tokens."""
    parts: list[list[list[Token]]] = [[]]
    for piece in parse(prompt):
        for number, text in enumerate(BREAK.split(piece.text)):
            if number:
                parts.append([])
            parts[-1] += [[(token, piece.weight) for token in word] for word in _words(tokenizer, text)]
    return parts


def _words(tokenizer: Any, text: str) -> list[list[int]]:
    encoding, vectors = tokenizer(clean(text), add_special_tokens=False, verbose=False), _vectors(tokenizer)
    words = groupby(zip(encoding.word_ids(), encoding.input_ids, strict=True), lambda token: token[0])
    return [[vector for _, token in word for vector in vectors.get(token, [token])] for _, word in words]


def _vectors(tokenizer: Any) -> dict[int, list[int]]:
    """Added tokens -> the ids of their vectors: a word of textual inversion (Gal et al. 2022) may have several, "<cat>", "<cat>_1", ...

    Only the first is written in a prompt, and all are meant; diffusers names them so.
    """
    added: dict[str, int] = tokenizer.get_added_vocab()
    vectors = {token: [token] for token in added.values()}
    for name, token in added.items():
        while (another := added.get(f"{name}_{len(vectors[token])}")) is not None:
            vectors[token].append(another)
    return vectors


def _packed(words: Iterable[list[Token]], capacity: int, comma: int) -> Iterator[list[Token]]:
    """Words in chunks of at most `capacity` tokens. Only a word that is longer than that is cut."""
    chunk: list[Token] = []
    for word in (whole[start : start + capacity] for whole in words for start in range(0, len(whole), capacity)):
        while len(chunk) + len(word) > capacity:
            end = _end(chunk, comma)
            yield chunk[:end]
            chunk = chunk[end:]
        chunk += word
    yield chunk


def _end(chunk: list[Token], comma: int) -> int:
    """Where to end a full chunk: after its last comma, so that what belongs together stays together, if one is near."""
    near = range(len(chunk), max(0, len(chunk) - BACKTRACK), -1)
    return next((end for end in near if chunk[end - 1][0] == comma), len(chunk))


@torch.inference_mode()
def encode(tokenizer: Any, text_encoder: Any, prompt: str, count: int, device: torch.device, *, layer: int | None, plain: bool = False) -> Encoded:
    """A prompt in `count` chunks, a multiple of its own count: both ends of a blend need one length, `math.lcm` of theirs.

    Its chunks are repeated, and draw what they draw once: attention over keys that are all there n times is attention over
    one set of them. Empty chunks would draw attention away from it, and draw another picture.

    plain: the prompt has no weights, and what does not fit in one chunk is left out.
    layer: which of the hidden states, -2 for the last but one (SDXL); None for the last, normalised (Stable Diffusion 1 and 2).
    Chunks are encoded one by one, so that their bits do not depend on each other. The pooled vector is the first chunk's, and
    without weights, which belong to single tokens.
    """
    encoded = [_encoded(tokenizer, text_encoder, chunk, device, layer) for chunk in _chunked(tokenizer, prompt, plain)]
    hidden = [encoded[index % len(encoded)].hidden for index in range(count)]
    return Encoded(torch.cat(hidden), encoded[0].pooled)


def _encoded(tokenizer: Any, text_encoder: Any, chunk: list[Token], device: torch.device, layer: int | None) -> Encoded:
    ids = [tokenizer.bos_token_id, *(token for token, _ in chunk), tokenizer.eos_token_id]
    padding = tokenizer.model_max_length - len(ids)
    tokens = torch.tensor([ids + [tokenizer.pad_token_id] * padding], device=device)
    masked = getattr(text_encoder.config, "use_attention_mask", False)
    mask = torch.tensor([[1] * len(ids) + [0] * padding], device=device) if masked else None
    output = text_encoder(tokens, attention_mask=mask, output_hidden_states=layer is not None)
    hidden = output.last_hidden_state if layer is None else output.hidden_states[layer]
    weights = torch.tensor([1.0, *(weight for _, weight in chunk), *[1.0] * (padding + 1)])
    pooled = None
    if hasattr(text_encoder, "text_projection"):
        # `text_embeds`, but taken where the end token is: SDXL's configuration lets transformers take the highest id of
        # the vocabulary for it, which is another token once textual inversion has added some.
        pooled = text_encoder.text_projection(output.last_hidden_state[:, ids.index(tokenizer.eos_token_id)])[0].float().cpu()
    return Encoded(_weighted(hidden[0].float().cpu(), weights), pooled)


def _weighted(hidden: Tensor, weights: Tensor) -> Tensor:
    """Every token's vector times its weight, rescaled so that the chunk keeps its norm; hidden (tokens, width), weights (tokens,).

    As in the web UI, chunk by chunk: a weight in one chunk does not change another. But it is the root mean square that
    is restored, where the web UI restores the mean: means lie near zero, of either sign, with SDXL (its issue 14867) and with
    sprout, where (word:1.3) would multiply some prompts by -3.
    """
    if bool((weights == 1).all()):
        return hidden
    scaled = hidden * weights[:, None]
    restored: Tensor = scaled * (hidden.norm() / scaled.norm())
    return restored
