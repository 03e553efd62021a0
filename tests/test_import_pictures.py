"""Pictures as users have them: what is read out of them, and what is refused and why."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.characters.pictures import is_animated, read_picture, told_size
from inference.contract import PersonareError
from tests.importing import LENA


def test_what_is_stored_under_clear_pixels_never_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.characters.pictures.LARGEST", 300)
    picture = np.full((400, 600, 4), (40, 120, 200, 255), np.uint8)
    picture[:, 250:] = (255, 0, 255, 0)  # magenta, which is clear
    picture[:, 248:250] = (255, 0, 255, 128)  # and half clear
    cv2.imwrite(str(tmp_path / "clear.png"), cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))
    read, scale = read_picture(tmp_path / "clear.png")
    assert scale == 0.5
    assert np.all(read[..., :3] == (40, 120, 200))
    assert read[0, 100, 3] == 255
    assert read[0, 200, 3] == 0


def test_pictures_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture"

    def refused(content: bytes, words: str) -> None:
        path.write_bytes(content)
        with pytest.raises(PersonareError, match=words) as caught:
            read_picture(path)
        assert caught.value.remedy

    grey = np.full((200, 300, 3), 120, np.uint8)
    png = cv2.imencode(".png", grey)[1].tobytes()
    refused(b"", "empty")
    refused(b"words, not a picture", "no picture, or it is broken")
    refused(cv2.imencode(".png", grey[:40])[1].tobytes(), "too small: 300 x 40")
    refused(png[:8] + png[8:].replace(b"IDAT", b"acTLIDAT", 1), "animated")
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 2, 0) + b"\x02\x02\x44\x01\0"
    paced = b"\x21\xf9\x04\0\x0a\0\0\0"
    refused(head + frame + frame + b"\x3b", "animated")  # without a word of its pace
    refused(head + paced + frame + paced + frame + b"\x3b", "animated")
    assert not is_animated(head + b"\x21\xfe\x01\x2c\0" + paced + frame + b"\x3b")
    assert not is_animated(head[:9])
    assert not is_animated(head + frame[:6])
    assert is_animated(b"RIFF\0\0\0\0WEBPVP8X" + b"\0\0\0\0\x02")
    assert not is_animated(cv2.imencode(".webp", grey)[1].tobytes())
    with pytest.raises(PersonareError, match="is not there"):
        read_picture(tmp_path / "none.png")


@pytest.mark.parametrize("end", [".png", ".jpg", ".gif", ".bmp"])
def test_libraries_are_silent_about_damaged_pictures(
    end: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = cv2.imencode(end, cv2.imread(str(LENA)))[1].tobytes()
    path = tmp_path / f"damaged{end}"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PersonareError, match="no picture, or it is broken"):
        read_picture(path)
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_pictures_are_brought_to_rgba(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.full((200, 300), 37000, np.uint16))
    picture, scale = read_picture(path)
    assert picture.shape == (200, 300, 4)
    assert scale == 1
    assert (picture[0, 0] == [144, 144, 144, 255]).all()
    cv2.imwrite(str(path), np.full((200, 5000, 4), 90, np.uint8))
    picture, scale = read_picture(path)
    assert picture.shape == (164, 4096, 4)
    assert scale == pytest.approx(4096 / 5000)


def noted_turn(turn: int) -> bytes:
    """EXIF data that say only how the camera was turned."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, turn, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)


def marked() -> np.ndarray:
    """A picture whose upper left corner is red."""
    picture = np.full((180, 260, 3), 200, np.uint8)
    picture[:90, :130] = (40, 40, 220)
    return picture


@pytest.mark.parametrize(("turn", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (0, 1)), (8, (1, 0))])
def test_a_camera_s_turn_is_made(tmp_path: Path, turn: int, corner: tuple[int, int]) -> None:
    exif = noted_turn(turn)
    jpeg = cv2.imencode(".jpg", marked())[1].tobytes()
    segment = b"Exif\0\0" + exif
    jpeg = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    clear = cv2.imencode(".png", np.dstack([marked(), np.full((180, 260), 255, np.uint8)]))
    png = clear[1].tobytes()
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    png = png[:33] + chunk + png[33:]  # after the header
    for name, data in (("turned.jpg", jpeg), ("turned.png", png)):
        (tmp_path / name).write_bytes(data)
        picture, _ = read_picture(tmp_path / name)
        assert picture.shape[:2] == ((260, 180) if turn > 4 else (180, 260))
        rows, columns = (-20 if at else 20 for at in corner)
        assert picture[rows, columns, 0] > 200
        assert picture[rows, columns, 1] < 80
        assert picture[-rows, -columns, 1] > 150


def test_pictures_of_gigabytes_are_not_unpacked(tmp_path: Path) -> None:
    small = np.full((200, 300, 3), 90, np.uint8)
    for end, params in ((".png", []), (".jpg", []), (".webp", []),
                        (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101])):  # fmt: skip
        assert told_size(cv2.imencode(end, small, params)[1].tobytes()) == (300, 200)
    png = bytearray(cv2.imencode(".png", small)[1].tobytes())
    png[16:24] = struct.pack(">II", 20000, 9000)
    path = tmp_path / "huge.png"
    path.write_bytes(png)
    with pytest.raises(PersonareError, match="too large: 20000 x 9000") as caught:
        read_picture(path)
    assert "4096" in caught.value.remedy
    assert told_size(b"\xff\xd8\xff\xe0\0\x04ab") is None


def test_what_is_clear_takes_the_colour_beside_it(tmp_path: Path) -> None:
    picture = np.zeros((200, 200, 4), np.uint8)
    picture[50:150, 50:150] = (200, 120, 60, 255)
    cv2.imwrite(str(tmp_path / "cut.png"), picture)
    read, _ = read_picture(tmp_path / "cut.png")
    assert (read[..., :3] == (60, 120, 200)).all()
    assert (read[..., 3] == picture[..., 3]).all()
