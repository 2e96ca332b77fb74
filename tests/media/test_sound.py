"""Sound under a film: as long as asked, silent where there is none, the same bytes every time, and no picture changed."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import warnings
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from animate import AnimateError, write_video
from animate.errors import AnimateWarning
from animate.media import ffmpeg, tags
from animate.media.formats import FORMATS, with_sound
from animate.media.sound import Sound, Track
from animate.media.writers import Interrupted

FILMS = with_sound()
CODECS = {".mp4": "aac", ".webm": "opus", ".mov": "pcm_s16le"}
COLOURS = {".mov": "yuv422p10le(tv, bt709"}  # others: yuv420p
RATE = 8000  # samples a second, to look at


def song(path: Path, seconds: float, rate: int = 44100, channels: int = 1) -> Path:
    """A tone of 440 Hz."""
    tone = np.rint(9000 * np.sin(math.tau * 440 * np.arange(round(seconds * rate)) / rate)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.repeat(channels).tobytes())
    return path


def pictures(count: int) -> list[np.ndarray]:
    """A bar that walks over a ramp."""
    ramp = np.tile(np.linspace(0, 200, 64, dtype=np.uint8)[None, :, None], (64, 1, 3))
    images = [ramp.copy() for _ in range(count)]
    for i, image in enumerate(images):
        image[:, i * 5 % 64] = 250
    return images


def asked(*arguments: str) -> bytes:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments], capture_output=True, check=True).stdout


def heard(path: Path) -> np.ndarray:
    """Loudness of every hundredth of a second: 0 is silence."""
    raw = asked("-i", str(path), "-map", "0:a", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    samples = np.frombuffer(raw, np.int16).astype(float)
    pieces = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    loudness: np.ndarray = np.sqrt(np.square(pieces).mean(1))
    return loudness


def frames(path: Path) -> np.ndarray:
    return np.frombuffer(asked("-i", str(path), "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"), np.uint8).reshape(-1, 64 * 96)


def packets(path: Path) -> bytes:
    """What is encoded of the pictures, as digests."""
    return asked("-i", str(path), "-map", "0:v", "-c", "copy", "-f", "streamhash", "-")


def described(path: Path) -> str:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True).stderr


def length(path: Path, text: str = "") -> float:
    """Seconds of a film, or of what `described` said of it before."""
    match = re.search(r"Duration: 00:00:(\d+\.\d+)", text or described(path))
    assert match
    return float(match[1])


@pytest.mark.parametrize("suffix", FILMS)
@pytest.mark.parametrize(("rate", "channels"), [(44100, 1), (48000, 2), (22050, 1), (96000, 2)])
def test_a_track_as_long_as_the_film_plays_under_it(tmp_path: Path, suffix: str, rate: int, channels: int) -> None:
    sound = Sound(song(tmp_path / "song.wav", 2, rate, channels))
    film = write_video(tmp_path / f"film{suffix}", pictures(24), 12, sound=sound)
    text = described(film)
    assert f"Audio: {CODECS[suffix]}" in text
    assert ("mono" if channels == 1 else "stereo") in text
    assert text.index("Video:") < text.index("Audio:")
    assert length(film, text) == pytest.approx(2, abs=0.03)
    loud = heard(film)
    assert len(loud) == pytest.approx(200, abs=3)
    assert loud[3:-3].min() > 5000
    assert sorted(path.name for path in tmp_path.iterdir()) == [film.name, "song.wav"], "nothing temporary is left"


@pytest.mark.parametrize("suffix", FILMS)
def test_no_picture_is_changed_by_a_sound(tmp_path: Path, suffix: str) -> None:
    silent = write_video(tmp_path / f"silent{suffix}", pictures(24), 12)
    seen, encoded = frames(silent), packets(silent)
    for seconds in (0.8, 2.0, 3.3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AnimateWarning)
            film = write_video(tmp_path / f"film{suffix}", pictures(24), 12, sound=Sound(song(tmp_path / "song.wav", seconds)))
        assert np.array_equal(frames(film), seen)
        assert packets(film) == encoded
        text = described(film)
        for word in (COLOURS.get(suffix, "yuv420p(tv, bt709"), "12 fps"):
            assert word in text


@pytest.mark.parametrize("suffix", FILMS)
def test_silence_follows_a_shorter_track(tmp_path: Path, suffix: str) -> None:
    with pytest.warns(AnimateWarning, match=r"^song\.wav is 1\.0 s and the film 2\.0 s: silence follows$"):
        film = write_video(tmp_path / f"film{suffix}", pictures(24), 12, sound=Sound(song(tmp_path / "song.wav", 1)))
    loud = heard(film)
    assert length(film) == pytest.approx(2, abs=0.03)
    assert len(loud) == pytest.approx(200, abs=3)
    assert loud[3:97].min() > 5000
    assert loud[104:].max() < 60, "a codec may ring"
    assert loud[120:].max() < 5


@pytest.mark.parametrize("suffix", FILMS)
def test_a_longer_track_is_cut_and_faded_with_the_film(tmp_path: Path, suffix: str) -> None:
    with pytest.warns(AnimateWarning, match=r"^song\.wav is 5\.0 s and the film 2\.0 s: cut at the film's end$"):
        film = write_video(tmp_path / f"film{suffix}", pictures(24), 12, sound=Sound(song(tmp_path / "song.wav", 5)))
    loud = heard(film)
    assert length(film) == pytest.approx(2, abs=0.03)
    assert loud[3:193].min() > 5000, "up to the fade"
    assert loud[199] < 1500, "no click"


def test_shortest_ends_the_film_with_the_track_and_draws_no_more(tmp_path: Path) -> None:
    images, sound = iter(pictures(24)), Sound(song(tmp_path / "song.wav", 1.02), "shortest")
    with pytest.warns(AnimateWarning, match=r"^song\.wav is 1\.0 s and the film is longer: it ends with the sound$"):
        film = write_video(tmp_path / "film.mp4", images, 12, sound=sound)
    assert len(frames(film)) == 13, "as many as begin while it plays"
    assert len([*images]) == 10, "one was asked for to see that the film is longer"
    assert length(film) == pytest.approx(13 / 12, abs=0.03)


def test_shortest_cuts_a_longer_track(tmp_path: Path) -> None:
    with pytest.warns(AnimateWarning, match=r"^song\.wav is 3\.0 s and the film 2\.0 s: cut at the film's end$"):
        film = write_video(tmp_path / "film.mp4", pictures(24), 12, sound=Sound(song(tmp_path / "song.wav", 3), "shortest"))
    assert len(frames(film)) == 24
    assert length(film) == pytest.approx(2, abs=0.03)


@pytest.mark.parametrize("suffix", FILMS)
def test_longest_holds_the_last_picture_till_the_track_ends(tmp_path: Path, suffix: str) -> None:
    with pytest.warns(AnimateWarning, match=r"^song\.wav is 3\.0 s and the film 2\.0 s: its last picture is held till the sound ends$") as warned:
        film = write_video(tmp_path / f"film{suffix}", pictures(24), 12, sound=Sound(song(tmp_path / "song.wav", 3), "longest"))
    assert len(warned) == 1
    seen = frames(film).astype(int)
    assert len(seen) == 36
    assert np.abs(seen[23:] - seen[35]).max() < 12
    assert np.abs(seen[22] - seen[35]).max() > 50
    assert length(film) == pytest.approx(3, abs=0.03)
    assert heard(film)[3:297].min() > 5000, "to its end"


def test_longest_leaves_a_longer_film_as_it_is(tmp_path: Path) -> None:
    with pytest.warns(AnimateWarning, match="silence follows"):
        film = write_video(tmp_path / "film.mp4", pictures(24), 12, sound=Sound(song(tmp_path / "song.wav", 1), "longest"))
    assert len(frames(film)) == 24


@pytest.mark.parametrize("suffix", FILMS)
def test_the_same_film_and_sound_are_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    sound = Sound(song(tmp_path / "song.wav", 2, channels=2))
    copies = [write_video(tmp_path / f"{name}{suffix}", pictures(24), 12, note=str, sound=sound).read_bytes() for name in "ab"]
    assert copies[0] == copies[1]


@pytest.mark.parametrize("suffix", FILMS)
def test_recipe_and_sound_are_both_in_the_file(tmp_path: Path, suffix: str) -> None:
    film = write_video(tmp_path / f"film{suffix}", pictures(24), 12, note=lambda count: f"of {count}", sound=Sound(song(tmp_path / "song.wav", 2)))
    assert tags.get(film) == "of 24"
    assert heard(film)[3:197].min() > 5000
    assert len(heard(film)) == pytest.approx(200, abs=3)
    assert len(frames(film)) == 24
    if suffix == ".mp4":
        data = film.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat"), "it plays while it loads"


@pytest.mark.parametrize("fit", ["film", "shortest", "longest"])
def test_an_interrupted_film_has_its_sound_as_far_as_it_goes(tmp_path: Path, fit: str) -> None:
    def interrupted() -> Iterator[np.ndarray]:
        yield from pictures(12)
        os.kill(os.getpid(), signal.SIGINT)
        yield from pictures(12)

    with pytest.warns(AnimateWarning, match=r"^song\.wav is 5\.0 s and the film 1\.\d s: cut"), pytest.raises(Interrupted) as stopped:
        write_video(tmp_path / "film.mp4", interrupted(), 12, sound=Sound(song(tmp_path / "song.wav", 5), fit))
    assert len(frames(stopped.value.path)) in (12, 13)
    assert length(stopped.value.path) == pytest.approx(1, abs=0.12)
    assert heard(stopped.value.path)[3:90].min() > 5000


def test_the_sound_of_a_film_and_of_other_formats_goes_too(tmp_path: Path) -> None:
    source, film = song(tmp_path / "song.wav", 2), tmp_path / "film.webm"
    others = ["song.mp3", "song.m4a", "song.ogg", "song.flac"]
    asked("-i", str(source), *(str(tmp_path / name) for name in others))
    write_video(tmp_path / "song.mp4", pictures(24), 12, sound=Sound(source))
    silent = write_video(film, pictures(24), 12).read_bytes()
    for name in (*others, "song.mp4"):
        track = Track.of(Sound(tmp_path / name), film)
        assert track.seconds == pytest.approx(2, abs=0.03), name
        film.write_bytes(silent)
        track.add_to(film, 2)
        assert heard(film)[6:190].min() > 4500, name


def test_dates_and_chapters_of_a_recording_stay_out(tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.txt"
    metadata.write_text(";FFMETADATA1\ntitle=mine\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=secret\n")
    recording = tmp_path / "recording.m4a"
    wav = str(song(tmp_path / "song.wav", 2))
    asked("-i", wav, "-i", str(metadata), "-map_metadata", "1", "-metadata", "creation_time=2001-02-03T04:05:06Z", str(recording))
    assert "secret" in described(recording)
    assert "2001" in described(recording)
    seen = described(write_video(tmp_path / "film.mp4", pictures(24), 12, sound=Sound(recording)))
    assert not re.search("secret|mine|2001|Chapter", seen)


def refused(target: Path | str, sound: Path) -> str:
    """The message that comes before a picture is asked for."""
    images = iter(pictures(3))
    with pytest.raises(AnimateError) as caught:
        write_video(target, images, 12, sound=Sound(sound))
    assert len([*images]) == 3
    assert not Path(target).exists()
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_what_is_no_sound_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    silent = write_video(tmp_path / "silent.mp4", pictures(3), 12)
    (tmp_path / "text.wav").write_text("la la la " * 100)
    song(tmp_path / "empty.wav", 0)
    film = tmp_path / "film.mp4"
    assert "none.wav: no such file; for the sound, name a .wav" in refused(film, tmp_path / "none.wav")
    assert "no such file" in refused(film, tmp_path)
    assert "silent.mp4: no sound track in it; name a .wav" in refused(film, silent)
    assert "empty.wav: no sound track in it, it is empty" in refused(film, tmp_path / "empty.wav")
    assert re.search(r"text\.wav: cannot be read as a sound \(ffmpeg .*Invalid data.*\); name a \.wav", refused(film, tmp_path / "text.wav"))


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png", "film.avif", "frames/"])
def test_formats_without_sound_are_refused_before_anything_is_drawn(tmp_path: Path, name: str) -> None:
    line = refused(f"{tmp_path}/{name}", song(tmp_path / "song.wav", 1))
    assert "has no room for a sound; name a film that has, .mp4, .webm or .mov, or leave song.wav out" in line
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


def test_fits_that_are_none_are_refused() -> None:
    with pytest.raises(AnimateError, match=r'^fit "loop" of a sound; allowed: film, shortest, longest$'):
        Sound(Path("song.wav"), "loop")


def test_an_ffmpeg_without_the_encoder_is_told_before_anything_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, ".webm", replace(FORMATS[".webm"], sound=("-c:a", "no_such_codec")))
    line = refused(tmp_path / "film.webm", song(tmp_path / "song.wav", 1))
    assert re.search(r"song\.wav: cannot be put into \.webm here \(.*no_such_codec.*\); use \.mp4 or \.mov$", line)


def test_a_sound_that_is_gone_by_the_end_costs_no_film(tmp_path: Path) -> None:
    source = song(tmp_path / "song.wav", 2)

    def drawn() -> Iterator[np.ndarray]:
        yield from pictures(24)
        source.unlink()

    with pytest.warns(AnimateWarning, match=r"film\.mp4 has no sound: ffmpeg failed: .*song\.wav"):
        film = write_video(tmp_path / "film.mp4", drawn(), 12, sound=Sound(source))
    assert len(frames(film)) == 24
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_films_without_a_sound_take_no_second_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "run", None)
    assert "Audio" not in described(write_video(tmp_path / "film.mp4", pictures(3), 12))


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile real.wav\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.wav\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_sound_that_is_a_list_of_other_files_opens_none(tmp_path: Path, kind: str) -> None:
    """ffmpeg would find out what it is, whatever its name. Recipes of strangers name sounds, too."""
    song(tmp_path / "real.wav", 1)
    (tmp_path / "list.wav").write_text(PLAYLISTS[kind])
    opened = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", tmp_path / "list.wav", "-f", "null", "-"], capture_output=True)
    assert kind != "concat" or opened.returncode == 0, "ffmpeg itself would"
    with pytest.raises(AnimateError, match=r"list\.wav: cannot be read as a sound \([^\n]*\); name a \.wav, \.mp3") as refused:
        Track.of(Sound(tmp_path / "list.wav"), tmp_path / "film.mp4")
    if kind == "concat":
        assert "what is in it is no sound" in str(refused.value)
    track = Track(Sound(tmp_path / "list.wav"), 1.0)  # as if it had been exchanged after it was looked at
    write_video(tmp_path / "film.mp4", pictures(12), 12)
    with pytest.raises(AnimateError, match=r"^ffmpeg failed: (Format not on whitelist|Not detecting m3u8/hls) [^\n]+list\.wav\.$"):
        track.add_to(tmp_path / "film.mp4", 1.0)


@pytest.mark.parametrize(
    "suffix", ["mp3", "m4a", "flac", "ogg", "opus", "aac", "aiff", "wma", "mka", "webm", "mp4", "mov", "avi", "ac3", "caf", "au", "ts"]
)
def test_sounds_of_every_usual_kind_are_taken(tmp_path: Path, suffix: str) -> None:
    asked("-f", "lavfi", "-i", "sine=duration=1", str(tmp_path / f"a.{suffix}"))
    assert Track.of(Sound(tmp_path / f"a.{suffix}"), tmp_path / "film.mov").seconds == pytest.approx(1, abs=0.06)


def test_what_is_no_file_of_a_sound_is_refused(tmp_path: Path) -> None:
    for name in ("x" * 300, "", "a\0b"):
        with pytest.raises(AnimateError, match="no such file; for the sound, name"):
            Track.of(Sound(tmp_path / name), tmp_path / "film.mp4")
