"""CLIP's tokenizer as it is shipped: its words have the numbers that CLIP learned."""

from __future__ import annotations

import pytest

from animate.models.weights import clip


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),
        ("Hello   WORLD", [3306, 1002]),
        ("", []),
    ],
)
def test_words_have_the_numbers_that_clip_learned(text: str, ids: list[int]) -> None:
    assert clip.tokenizer("!")(text).input_ids == [49406, *ids, 49407]


@pytest.mark.parametrize(("pad", "number"), [("!", 0), ("<|endoftext|>", 49407)])
def test_prompts_are_filled_up_with_the_word_asked_for(pad: str, number: int) -> None:
    words = clip.tokenizer(pad)
    assert (len(words), words.vocab_size, words.model_max_length) == (49408, 49408, 77)
    filled = words("a cat", padding="max_length", max_length=77, truncation=True).input_ids
    assert filled == [49406, 320, 2368, 49407, *[number] * 73]
    assert words("cat " * 100, padding="max_length", max_length=77, truncation=True).input_ids[-2:] == [2368, 49407]
