"""Contact sheets."""

from __future__ import annotations

import numpy as np

from animate.media.contact import GAP, PAPER, contact_sheet


def test_images_stand_row_by_row_with_words_beneath() -> None:
    images = [np.full((40, 64, 3), 10 * i, np.uint8) for i in range(7)]
    sheet = contact_sheet(images, [f"a prompt that is far too long for its picture, number {i}" for i in range(7)], columns=3)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] == GAP + 3 * (64 + GAP)
    assert np.array_equal(sheet[GAP : GAP + 40, GAP : GAP + 64], images[0])
    pitch = (sheet.shape[0] - GAP) // 3
    assert np.array_equal(sheet[GAP + pitch : GAP + pitch + 40, GAP + 64 + GAP : GAP + 2 * 64 + GAP], images[4])
    words = sheet[GAP + 40 : GAP + pitch, GAP : GAP + 64]
    assert words.min() < 100, "something is written"
    gutter = sheet[GAP + 40 : pitch, 2 * GAP + 64 - 2 : 2 * GAP + 64]
    assert (gutter == np.array(PAPER, np.uint8)).all(), "and not across the gap"


def test_one_image_is_a_sheet() -> None:
    assert contact_sheet([np.zeros((64, 64, 3), np.uint8)], ["alone"]).shape[1] == 64 + 2 * GAP
