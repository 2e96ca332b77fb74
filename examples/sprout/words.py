"""The words of sprout's captions as tokens: a CLIP tokenizer, trained on the captions and on plain English around them."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

LENGTH = 32  # tokens a prompt may have; the longest caption has 17, and a shorter context makes attention cheaper

# Words that people put around a subject and that say nothing about these pictures. Captions are salted with them, so that
# the model learns to pass over what it does not know.
FILLER = """
a an the of in on at with and or by for from to into over under near beside behind my your our this that very really so
beautiful lovely pretty cute nice small little big large huge tiny tall old new young happy sad calm quiet bright dark soft
warm cold fresh simple detailed highly intricate elegant dreamy magic magical fantasy realistic cinematic dramatic colorful
colourful photo photograph painting picture drawing sketch illustration image render artwork poster cartoon watercolor oil
digital art concept studio style light lighting shadow sharp focus quality high resolution masterpiece trending famous artist
morning noon evening today world land country garden field forest park street hill river sea lake sky cloud clouds rain wind
standing sitting flying growing swimming floating shining sleeping looking flat one two three four five some many alone together
man woman child girl boy dog cat horse astronaut king queen robot dragon ship car train city castle bridge road table chair
""".split()


IDLE = FILLER.index("beautiful")  # before it come words that bind others together

# Those of them that name a thing. A model to which they mean nothing passes over them, and whoever asks for one is told.
THINGS = frozenset(
    """
astronaut boy bridge castle cat chair child city cloud clouds country dog dragon field forest garden girl hill horse king lake land man park
queen rain river road robot sea ship sky street table train car wind woman world
""".split()
)


def clip_tokenizer(captions: Iterable[str], merges: int = 1100) -> CLIPTokenizer:
    """A `CLIPTokenizer` of `512 + merges + 2` tokens at the most, in CLIP's own order of the vocabulary."""
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.normalizer = normalizers.Lowercase()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=512 + merges, min_frequency=2, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False)
    bpe.train_from_iterator([*captions, *FILLER * 20], trainer)
    learned = [tuple(pair) for pair in json.loads(bpe.to_str())["model"]["merges"]][:merges]
    words = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in learned)]
    vocab = {word: number for number, word in enumerate(dict.fromkeys([*words, "<|startoftext|>", "<|endoftext|>"]))}
    return CLIPTokenizer(vocab=vocab, merges=learned, model_max_length=LENGTH)


def salted(text: str, meant: set[str], rng: np.random.Generator) -> str:
    """The caption, now and then with words around it that say nothing about the picture; never with one of those `meant`."""
    if rng.random() < 0.88:
        return text
    said, idle = text.split(), [word for word in FILLER[IDLE:] if word not in meant]
    for _ in range(int(rng.integers(1, 4))):
        word = idle[int(rng.integers(len(idle)))] if rng.random() < 0.8 else "".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 5))
        said.insert(int(rng.integers(len(said) + 1)) if rng.random() < 0.3 else len(said), word)
    return " ".join(said)
