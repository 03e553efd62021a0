"""Importing a folder of pictures by the command itself, and the sheets that show them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.imported import found
from training.imported.sheets import CELL

ASSETS = Path(__file__).parents[2] / "assets"


def test_a_folder_is_imported_counted_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures, sheets = tmp_path / "pictures", tmp_path / "sheets"
    (pictures / "photo").mkdir(parents=True)
    (pictures / "wall").mkdir()
    shutil.copy(ASSETS / "characters" / "lena" / "portrait.png", pictures / "photo" / "lena.png")
    cv2.imwrite(str(pictures / "wall" / "grey.png"), np.full((300, 300, 3), 120, np.uint8))
    (pictures / "notes.txt").write_text("no picture")
    told = tmp_path / "told.json"
    words = ["found", "--pictures", str(pictures), "--out", str(sheets), "--json", str(told)]
    monkeypatch.setattr(
        sys, "argv", [*words, "--package", str(ASSETS / "models/frame-first-light")]
    )
    found.main()
    out = capsys.readouterr().out
    assert "photo/lena.png: imported" in out
    assert "wall/grey.png: REFUSED" in out
    assert "No face was found" in out
    facts = json.loads(told.read_text())
    assert facts["counts"] == {"photo": [1, 1], "wall": [0, 1], "all": [1, 2]}
    assert [bool(each["character"]) for each in facts["pictures"]] == [True, False]
    page, grey = (cv2.imread(str(sheets / f"{kind}-01.png")) for kind in ("own", "grey"))
    assert page is not None
    assert grey is not None
    assert np.array_equal(page[: CELL[1], : CELL[0]], grey[: CELL[1], : CELL[0]])
    width, height = CELL
    assert page.shape == (2 * height, found.COLUMNS * width, 3)

    def shown(number: int) -> np.ndarray:
        row, column = divmod(number, found.COLUMNS)
        part = page[row * height : (row + 1) * height, column * width : (column + 1) * width]
        return part.astype(int)

    names = ["picture", *found.motions()]
    rest = shown(names.index("rest"))
    for name in ("aa", "blink", "yaw -20", "roll 10"):
        moved = np.abs(shown(names.index(name)) - rest)[30:].mean()  # below the label
        assert moved > 0.2, name
    assert not shown(len(names)).any()
    assert not list(sheets.glob("own-02.png"))
