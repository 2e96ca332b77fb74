"""The words of sprout's captions as tokens: a CLIP tokenizer, trained on the captions and on plain English around them."""

from __future__ import annotations

import json
from collections.abc import Iterable

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
standing sitting flying growing swimming floating shining sleeping looking one two three four five some many alone together
man woman child girl boy dog cat horse astronaut king queen robot dragon ship car train city castle bridge road table chair
""".split()


def clip_tokenizer(captions: Iterable[str], merges: int = 900) -> CLIPTokenizer:
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
