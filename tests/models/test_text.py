"""Prompts of any length and with weights: read as people write them, encoded as diffusers does where diffusers can."""

from __future__ import annotations

import json
import logging
import re
from itertools import pairwise
from math import lcm, prod
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

import animate
from animate import AnimateError
from animate.models.families.unet import UNetModel
from animate.models.parts import text
from animate.models.parts.text import ClipText, Encoded, Weighted, chunk_count, encode, length_warning, parse, unknown_words, words_of
from animate.models.parts.vocabulary import Vocabulary
from conftest import tiny_tokenizer

CPU = torch.device("cpu")
TOKENIZER = tiny_tokenizer()
SHORT = ["", "a red tree in winter, at night", "smile :) \u79cd\u5b50\nof   the HOUSE"]
BRACKETS = re.compile(r"[()\[\]]")


def pieces(prompt: str) -> list[tuple[str, float]]:
    return [(piece.text, round(piece.weight, 6)) for piece in parse(prompt)]


def answer(prompt: str) -> tuple[Weighted, ...] | str:
    """What is read, or why nothing is; any other error passes."""
    try:
        return parse(prompt)
    except AnimateError as error:
        return str(error)


def encoder(kind: Any = CLIPTextModel, width: int = 32, **changed: object) -> Any:
    torch.manual_seed(width)
    ends = {"bos_token_id": TOKENIZER.bos_token_id, "eos_token_id": TOKENIZER.eos_token_id, "pad_token_id": TOKENIZER.pad_token_id}
    shape = {"hidden_size": width, "intermediate_size": 37, "num_hidden_layers": 3, "num_attention_heads": 4, "projection_dim": 24}
    return kind(CLIPTextConfig(**ends | shape | {"vocab_size": len(TOKENIZER)} | changed)).eval()


def padded_with_zeros() -> CLIPTokenizer:
    """As Stable Diffusion 2's tokenizer and SDXL's second."""
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = "!"
    assert tokenizer.pad_token_id == 0
    return tokenizer


def with_cat() -> CLIPTokenizer:
    """A textual inversion of three vectors, and one of one."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<cat>", "<cat>_1", "<cat>_2", "<dog>"])
    return tokenizer


def parts(**given: Any) -> dict[str, Any]:
    names = ("vae", "unet", "scheduler", "feature_extractor", "safety_checker", "image_encoder")
    return dict.fromkeys(names) | given


@torch.inference_mode()
def by_diffusers(tokenizer: Any, text_encoder: Any, prompt: str) -> torch.Tensor:
    pipe = StableDiffusionPipeline(**parts(tokenizer=tokenizer, text_encoder=text_encoder), requires_safety_checker=False)
    hidden: torch.Tensor = pipe.encode_prompt(prompt, CPU, 1, False)[0][0]
    return hidden


def last(prompt: str, count: int = 1, tokenizer: Any = TOKENIZER, text_encoder: Any = None) -> Encoded:
    return encode(tokenizer, encoder() if text_encoder is None else text_encoder, prompt, count, CPU, layer=None)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", [("", 1)]),
        ("a tree, at night: 8k", [("a tree, at night: 8k", 1)]),
        ("a (red) tree", [("a ", 1), ("red", 1.1), (" tree", 1)]),
        ("((red))", [("red", 1.21)]),
        ("[red]", [("red", 0.909091)]),
        ("[[red]]", [("red", 0.826446)]),
        ("(red:1.3)", [("red", 1.3)]),
        ("( red : 1.3 )", [(" red ", 1.3)]),
        ("(red:0)(sea:-0.5)(sky:+2)(sun:.5)", [("red", 0), ("sea", -0.5), ("sky", 2), ("sun", 0.5)]),
        ("(a (red:1.5) tree:2)", [("a ", 2), ("red", 3), (" tree", 2)]),
        ("(a [red] tree)", [("a ", 1.1), ("red", 1), (" tree", 1.1)]),
        ("(red)(tree) a", [("redtree", 1.1), (" a", 1)]),
        ("a (red:1.0) tree", [("a red tree", 1)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("(a:1.3:b)", [("a:1.3:b", 1.1)]),
        ("(a:1.2:1.3)", [("a:1.2", 1.3)]),
        ("(a:)", [("a:", 1.1)]),
        ("(nanny:inform)", [("nanny:inform", 1.1)]),
        ("[red:1.3]", [("red:1.3", 0.909091)]),
        (r"\(red\) \[tree\] (a\)b)", [("(red) [tree] ", 1), ("a)b", 1.1)]),
        (r"C:\pictures\\", [(r"C:\pictures\\", 1)]),
        ("a tree :)", [("a tree :)", 1)]),
        ("a tree :( in (winter)", [("a tree :( in ", 1), ("winter", 1.1)]),
        ("a tree :3)", [("a tree :3)", 1)]),
        ("(a :[ tree)", [("a :[ tree", 1.1)]),
        ("([a)]", [("[a", 1.1), ("]", 1)]),
        (":-] a (tree", [(":-] a (tree", 1)]),
        ("()", [("", 1)]),
        ("a BREAK b", [("a BREAK b", 1)]),
    ],
)  # fmt: skip
def test_brackets_weigh_what_is_in_them(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert pieces(prompt) == expected


@pytest.mark.parametrize("said", ["11", "-10.1", "1e3", "1e999", "nan", "-inf", "Infinity", "1.2.3", "1,3"])
def test_a_weight_that_is_no_number_from_minus_10_to_10_is_refused(said: str) -> None:
    with pytest.raises(AnimateError, match=rf"^{re.escape(said)} is no weight .* from -10 to 10, .*red:1\.3.*\\\(") as refused:
        parse(f"a (tree:{said})")
    assert "\n" not in str(refused.value)


def test_the_heaviest_weights_are_allowed_and_their_products_are_not() -> None:
    assert pieces("(a:10)(b:-10)") == [("a", 10), ("b", -10)]
    with pytest.raises(AnimateError, match=r"^12 is no weight"):
        parse("((a:4):3)")
    with pytest.raises(AnimateError, match=r"^inf is no weight"):
        parse("(" * 8000 + "a" + ")" * 8000)


@given(st.text(st.sampled_from("()[]:\\1.e+-naif ,\n"), max_size=40) | st.text(max_size=40))
def test_any_text_is_read_or_refused_in_one_line(prompt: str) -> None:
    read = answer(prompt)
    if isinstance(read, str):
        assert len(read.splitlines()) == 1
    else:
        assert read
        assert all(-10 <= piece.weight <= 10 for piece in read)
        assert all(one.weight != other.weight for one, other in pairwise(read))


@given(st.text(max_size=40))
def test_a_text_without_brackets_is_one_piece_and_so_is_any_text_with_escaped_ones(text: str) -> None:
    assert parse(BRACKETS.sub("", text)) == (Weighted(BRACKETS.sub("", text), 1.0),)
    assert parse(BRACKETS.sub(lambda bracket: "\\" + bracket[0], text)) == (Weighted(text, 1.0),)


@given(st.lists(st.tuples(st.sampled_from(["red", "a tree", "sea :"]), st.lists(st.sampled_from([0.5, 1.0, 1.25, 2.0]), max_size=3))))
def test_words_weigh_the_product_of_the_brackets_around_them(said: list[tuple[str, list[float]]]) -> None:
    written = ["(" * len(weights) + word + "".join(f":{weight})" for weight in weights) for word, weights in said]
    expected = [weight for word, weights in said for weight in [prod(weights)] * len(word)]
    assert [weight for text, weight in pieces("".join(written)) for _ in text] == pytest.approx(expected)


def test_chunks_of_75_tokens_hold_any_prompt() -> None:
    assert [chunk_count(TOKENIZER, "tree " * length) for length in (0, 1, 75, 76, 150, 151, 200)] == [1, 1, 1, 2, 2, 3, 3]


def test_a_word_that_does_not_fit_goes_into_the_next_chunk_and_one_longer_than_a_chunk_is_cut() -> None:
    text_encoder = encoder()
    whole, apart = "tree " * 70 + "zzzzzzzzzz", "tree " * 70 + "BREAK zzzzzzzzzz"
    assert torch.equal(last(whole, 2, text_encoder=text_encoder).hidden, last(apart, 2, text_encoder=text_encoder).hidden)
    assert chunk_count(TOKENIZER, "a " + "z" * 150) == 3
    assert chunk_count(TOKENIZER, "z" * 150) == 2


@pytest.mark.parametrize(("before", "after", "kept"), [(60, 20, True), (54, 25, False), (74, 5, True)])
def test_a_chunk_ends_at_a_comma_if_one_is_among_its_last_twenty_tokens(before: int, after: int, kept: bool) -> None:
    prompt, text_encoder = "tree " * before + ", " + "boat " * after, encoder()
    at_comma = "tree " * before + ", BREAK " + "boat " * after
    assert chunk_count(TOKENIZER, prompt) == 2
    assert torch.equal(last(prompt, 2, text_encoder=text_encoder).hidden, last(at_comma, 2, text_encoder=text_encoder).hidden) == kept


@given(st.lists(st.sampled_from(["tree", ",", "zzzz", "z" * 60, "z" * 80, "(boat, red:1.2)", "BREAK"]), max_size=60))
def test_chunks_lose_no_token_and_no_order(said: list[str]) -> None:
    fed: list[torch.Tensor] = []

    class Ears:
        """Hears what a text encoder is given."""

        config = CLIPTextConfig()

        def __call__(self, tokens: torch.Tensor, **_: object) -> Any:
            fed.append(tokens[0])
            return type("Made", (), {"last_hidden_state": torch.ones(1, 77, 2)})

    prompt = " ".join(said)
    encode(TOKENIZER, Ears(), prompt, chunk_count(TOKENIZER, prompt), CPU, layer=None)
    ends = {TOKENIZER.bos_token_id, TOKENIZER.eos_token_id}
    plain = " ".join(piece.text for piece in parse(prompt)).replace("BREAK", " ")
    assert [int(token) for tokens in fed for token in tokens if int(token) not in ends] == TOKENIZER(plain, add_special_tokens=False).input_ids
    assert all(len(tokens) == 77 and tokens[0] == TOKENIZER.bos_token_id and tokens[-1] == TOKENIZER.eos_token_id for tokens in fed)


def test_break_starts_a_chunk_where_it_stands_alone_in_capitals() -> None:
    said = [
        "a BREAK tree",
        "(a BREAK tree:1.2)",
        "a, BREAK, tree",
        "(a) BREAK [tree]",
        "a\nBREAK\ntree",
        "a break tree",
        "a BREAKFAST tree",
        "a-BREAK-tree",
    ]
    assert [chunk_count(TOKENIZER, prompt) for prompt in said] == [2, 2, 2, 2, 2, 1, 1, 1]
    assert [chunk_count(TOKENIZER, prompt) for prompt in ("BREAK", "BREAK a", "a BREAK", "a BREAK BREAK tree")] == [1, 1, 1, 2]


@pytest.mark.parametrize("prompt", SHORT)
@pytest.mark.parametrize("pad", ["end of text", "zeros"])
@pytest.mark.parametrize("masked", [False, True])
def test_a_short_prompt_is_encoded_as_diffusers_does(prompt: str, pad: str, masked: bool) -> None:
    tokenizer = padded_with_zeros() if pad == "zeros" else TOKENIZER
    text_encoder = encoder(use_attention_mask=masked)
    made = last(prompt, tokenizer=tokenizer, text_encoder=text_encoder)
    assert made.pooled is None
    assert made.hidden.shape == (77, 32)
    assert torch.equal(made.hidden, by_diffusers(tokenizer, text_encoder, prompt))


def test_paddings_and_attention_masks_make_a_difference() -> None:
    text_encoder, masked = encoder(), encoder(use_attention_mask=True)
    plain = last("a tree", text_encoder=text_encoder).hidden
    assert not torch.equal(plain, last("a tree", tokenizer=padded_with_zeros(), text_encoder=text_encoder).hidden)
    assert not torch.equal(plain, last("a tree", text_encoder=masked).hidden)


def test_half_precision_comes_out_as_float32() -> None:
    text_encoder = encoder().to(torch.bfloat16)
    made = last("a tree", text_encoder=text_encoder).hidden
    assert made.dtype == torch.float32
    assert not made.requires_grad
    assert torch.equal(made, by_diffusers(TOKENIZER, text_encoder, "a tree").float())


def test_sprout_reads_32_tokens_at_once() -> None:
    folder = Path(animate.__file__).parent / "models" / "sprout"
    tokenizer, text_encoder = CLIPTokenizer.from_pretrained(folder / "tokenizer"), CLIPTextModel.from_pretrained(folder / "text_encoder")
    made = last("a red pine tree in winter", 2, tokenizer, text_encoder).hidden
    assert torch.equal(made[:32], by_diffusers(tokenizer, text_encoder, "a red pine tree in winter"))
    assert len(made) == 64
    assert [chunk_count(tokenizer, "tree " * length) for length in (30, 31)] == [1, 2]


@pytest.mark.parametrize("prompt", SHORT)
@torch.inference_mode()
def test_sdxl_prompts_are_encoded_as_diffusers_does(prompt: str) -> None:
    first, second, other = encoder(), encoder(CLIPTextModelWithProjection, 48), padded_with_zeros()
    given = parts(text_encoder=first, text_encoder_2=second, tokenizer=TOKENIZER, tokenizer_2=other, add_watermarker=False)
    pipe = StableDiffusionXLPipeline(**{name: part for name, part in given.items() if name != "safety_checker"})
    hidden, _, pooled, _ = pipe.encode_prompt(prompt, device=CPU, do_classifier_free_guidance=False)
    one, two = encode(TOKENIZER, first, prompt, 1, CPU, layer=-2), encode(other, second, prompt, 1, CPU, layer=-2)
    assert one.pooled is None
    assert two.pooled is not None
    assert torch.equal(torch.cat([one.hidden, two.hidden], 1), hidden[0])
    assert torch.equal(two.pooled, pooled[0])


def test_chunks_have_the_bits_that_they_have_alone_and_the_first_ones_pooled_vector_is_the_prompts() -> None:
    text_encoder = encoder(CLIPTextModelWithProjection)
    made = last("a tree BREAK a (red:1.3) boat", 2, text_encoder=text_encoder)
    alone = [last(prompt, text_encoder=text_encoder) for prompt in ("a tree", "a (red:1.3) boat")]
    assert torch.equal(made.hidden, torch.cat([chunk.hidden for chunk in alone]))
    assert made.pooled is not None
    assert alone[0].pooled is not None
    assert torch.equal(made.pooled, alone[0].pooled)


def test_both_ends_of_a_blend_have_equal_chunks() -> None:
    text_encoder, ends = encoder(), ("a tree BREAK a house", "a red boat, " * 45)
    own = [chunk_count(TOKENIZER, prompt) for prompt in ends]
    short, long = (last(prompt, lcm(*own), text_encoder=text_encoder).hidden for prompt in ends)
    assert own == [2, 3]
    assert short.shape == long.shape == (6 * 77, 32)
    assert torch.equal(short, last(ends[0], 2, text_encoder=text_encoder).hidden.repeat(3, 1))


@torch.inference_mode()
def test_a_prompt_said_several_times_draws_what_it_draws_said_once(tiny: UNetModel) -> None:
    """Within rounding; an empty chunk behind it draws something else."""

    def drawn(hidden: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = tiny.unet(torch.ones(1, 4, 8, 8), 500, encoder_hidden_states=hidden[None]).sample
        return made

    once, nothing = last("a red tree in winter"), last("")
    torch.testing.assert_close(drawn(last("a red tree in winter", 3).hidden), drawn(once.hidden))
    assert (drawn(torch.cat([once.hidden, nothing.hidden])) - drawn(once.hidden)).abs().max() > 1e-3


@pytest.mark.parametrize("prompt", ["(a red tree:1.0)", "a (red:1) tree", "([a]:1.1) red tree"])
def test_weights_of_one_change_no_bit(prompt: str) -> None:
    assert torch.equal(last(prompt).hidden, last("a red tree").hidden)


@pytest.mark.parametrize("weight", [1.1, 1.5, 0.5, 0.0, -1.0, 10.0, -10.0])
def test_a_weight_changes_its_words_against_all_others_and_not_the_size_of_the_whole(weight: float) -> None:
    text_encoder = encoder(CLIPTextModelWithProjection)
    plain, made = last("a red tree", text_encoder=text_encoder), last(f"a (red:{weight}) tree", text_encoder=text_encoder)
    factor = made.hidden[0].norm() / plain.hidden[0].norm()
    expected = plain.hidden * factor
    expected[2] *= weight  # after the start token and "a"
    torch.testing.assert_close(made.hidden, expected)
    torch.testing.assert_close(made.hidden.norm(), plain.hidden.norm())
    assert plain.pooled is not None
    assert made.pooled is not None
    assert torch.equal(made.pooled, plain.pooled)


def test_weights_stay_in_their_chunk() -> None:
    text_encoder = encoder()
    plain, made = (last(prompt, 2, text_encoder=text_encoder).hidden for prompt in ("a tree BREAK a boat", "a tree BREAK a (boat:2)"))
    assert torch.equal(plain[:77], made[:77])
    assert not torch.equal(plain[77:], made[77:])


def test_brackets_that_are_text_are_encoded_as_text() -> None:
    text_encoder = encoder()
    assert torch.equal(last(r"a \(red\) tree", text_encoder=text_encoder).hidden, by_diffusers(TOKENIZER, text_encoder, "a (red) tree"))


def test_a_word_of_textual_inversion_stands_for_all_its_vectors() -> None:
    tokenizer = with_cat()
    text_encoder = encoder(vocab_size=len(tokenizer))
    for prompt in ("a <cat> in a house", "<cat>", "a <dog>, <cat>, red"):
        made = last(prompt, tokenizer=tokenizer, text_encoder=text_encoder)
        assert torch.equal(made.hidden, by_diffusers(tokenizer, text_encoder, prompt))
    written = "a <cat> <cat>_1 <cat>_2 in a house"
    assert tokenizer.convert_tokens_to_ids("<cat>_2") in tokenizer(written).input_ids
    assert chunk_count(tokenizer, "tree " * 72 + "<cat>") == 1
    assert length_warning(tokenizer, "tree " * 73 + "<cat>") == f'"{("tree " * 8)[:40]}..." is 76 tokens long: read in 2 parts of 75'


def test_the_vectors_of_one_word_are_not_torn_apart() -> None:
    tokenizer = with_cat()
    text_encoder = encoder(vocab_size=len(tokenizer))
    whole = last("tree " * 74 + "<cat>", 2, tokenizer, text_encoder).hidden
    assert torch.equal(whole, last("tree " * 74 + "BREAK <cat>", 2, tokenizer, text_encoder).hidden)


def test_the_pooled_vector_is_the_end_tokens_with_textual_inversion_too() -> None:
    """SDXL's second encoder says that its end token is number 2, and transformers then takes the highest number in the prompt."""
    tokenizer = with_cat()
    text_encoder = encoder(CLIPTextModelWithProjection, vocab_size=len(tokenizer))
    expected = last("a <dog> in winter", tokenizer=tokenizer, text_encoder=text_encoder).pooled
    text_encoder.text_model.eos_token_id = 2
    made = last("a <dog> in winter", tokenizer=tokenizer, text_encoder=text_encoder).pooled
    plain = last("a tree in winter", tokenizer=tokenizer, text_encoder=text_encoder).pooled
    assert expected is not None
    assert made is not None
    assert plain is not None
    assert torch.equal(made, expected)
    assert torch.equal(plain, text_encoder(tokenizer("a tree in winter", padding="max_length", return_tensors="pt").input_ids).text_embeds[0])


def test_long_prompts_are_told_in_one_line() -> None:
    assert length_warning(TOKENIZER, "a red tree") is None
    assert length_warning(TOKENIZER, "a red tree BREAK a boat") is None
    assert (
        length_warning(TOKENIZER, "a red\ntree, " * 25) == '"a red tree, a red tree, a red tree, a re..." is 100 tokens long: read in 2 parts of 75'
    )


def test_words_that_are_known_only_letter_by_letter_are_named_once() -> None:
    seed, sea = "\u79cd\u5b50", "\u041c\u043e\u0440\u0435"
    assert unknown_words(TOKENIZER, "a (red:1.3) tree in winter, at night BREAK the house in 1920, :)") == []
    assert unknown_words(TOKENIZER, f"a ({seed}), {sea} [{seed}] BREAK zzz zz") == [seed, sea.lower(), "zzz"]


def test_letters_of_two_bytes_are_letters_and_known_parts_of_words_are_known() -> None:
    """As CLIP's own tokenizer has merged the bytes of many letters, and no more of those alphabets."""
    letter = TOKENIZER.tokenize("\u043c\u043e\u0440\u0435")[:2]
    assert letter == ["\u00d0", "\u00bc"]
    table = json.loads(TOKENIZER.backend_tokenizer.to_str())["model"]
    merges = [*map(tuple, table["merges"]), ("\u00d0", "\u00bc"), ("\u00d0", "\u00be")]
    vocab = table["vocab"] | {"\u00d0\u00bc": 560, "\u00d0\u00be": 561}
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77)
    assert len(tokenizer.tokenize("\u043c\u043e\u0440\u0435")) == 6
    assert unknown_words(tokenizer, "\u043c\u043e\u0440\u0435 seedseed treetop") == ["\u043c\u043e\u0440\u0435"]


def test_nothing_is_logged_about_long_prompts(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    tokenizer = tiny_tokenizer()
    assert chunk_count(tokenizer, "tree " * 100) == 2
    assert not caplog.records
    tokenizer("tree " * 100)
    assert "longer than" in caplog.text


# What people paste, and what ftfy, which cleaned prompts for CLIP's tokenizer in 2022, makes of it.
PASTED = {
    "\u201ca seed\u201d\u2019s tree": '"a seed"\'s tree',
    "a \ufb01eld of \ufb02owers": "a field of flowers",
    "\uff41 \uff54\uff52\uff45\uff45": "a tree",
    "salt &amp; pepper": "salt & pepper",
    "a tree": "a tree",
}


@pytest.mark.parametrize(("pasted", "plain"), PASTED.items())
def test_prompts_reach_the_tokenizer_as_they_did_in_2022(pasted: str, plain: str) -> None:
    ids = [[token for token, _ in word] for part in text._parts(TOKENIZER, pasted) for word in part]
    assert [token for word in ids for token in word] == TOKENIZER(plain, add_special_tokens=False).input_ids


def test_what_a_small_model_never_saw_is_looked_for_in_what_the_prompt_says() -> None:
    known = Vocabulary(64, {}, frozenset({"seed", "tree", "red"}), frozenset({"a"}))
    small = ClipText("small", [TOKENIZER], known)
    assert small.warnings(["a (red:1.3) seed BREAK a [tree]", r"a \(tree\)", "\uff41 tree"]) == []
    (line,) = small.warnings(["a (sed:1.2) dragon"])
    assert line == 'small does not know sed ("seed"?), dragon; nothing of "a sed dragon" will show; animate models lists what it knows'


def test_things_that_a_small_model_passes_over_are_told() -> None:
    known = Vocabulary(64, {}, frozenset({"planes", "boat", "seed", "tree"}), frozenset({"a", "beautiful"}), frozenset({"dog", "river"}))
    small = ClipText("small", [TOKENIZER], known)
    assert small.warnings(["a beautiful tree"]) == []
    end = "; animate models lists what it knows"
    assert small.warnings(["a (dog:1.2) tree"]) == [f"small does not know dog, and draws the rest{end}"]
    assert small.warnings(["a dog", "a tree"]) == [f'small does not know dog; nothing of "a dog" will show{end}']
    assert small.warnings(["a dog", "a tree by a river", "a beautiful dog"]) == [
        f'small does not know dog, by, river, and draws the rest; nothing of "a dog", "a beautiful dog" will show{end}'
    ]
    (line,) = small.warnings(["a river, leaves, a goat, a tre, a boat"])
    said = 'small does not know river, leaves, goat, tre ("tree"?), and draws the rest'
    assert line == f"{said}{end}", "a hint is a word that is spelled alike, and no other word"


def test_the_words_of_embeddings_are_known() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<my-cat>", "<my-cat>_1"])
    assert words_of("a <my-cat> BREAK (tree:0.5)", tokenizer).split() == ["a", "tree"]
