"""The table of the quality ladder, also of a graphics card that there is none of."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference import frame_generator_light, frame_generator_paint
from inference.execution_providers import ProviderReport
from inference.model_package import load_model_package
from tests.another_device import Device
from training.frames import ladder

ASSETS = Path(__file__).parents[2] / "assets"
LENA = ASSETS / "characters" / "lena"


def test_the_table_covers_card_and_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(monkeypatch)
    for module in (frame_generator_paint, frame_generator_light):
        monkeypatch.setattr(module, "open_session", device.open)
    monkeypatch.setattr(ladder, "time_reference", lambda name: 0.1 if name == "cuda" else 9.0)
    monkeypatch.setattr(ladder, "QUALITIES", {"eco": ladder.QUALITIES["eco"]})
    monkeypatch.setattr(ladder, "COUNT", 2)
    package = load_model_package(ASSETS / "models" / "frame-first-light", "frame")
    card = ProviderReport("cuda", "cuda", 0.1)
    rows = {row.what: row for row in ladder.ladder_rows(package, [LENA], card)}
    assert rows["reference convolution (cuda), one thread"].figures["median"] == 0.1
    drawn = [what for what in rows if what.startswith("draw, eco")]
    assert [("int8, cpu" in what, "fp32, cuda" in what) for what in drawn] == [
        (True, False),
        (False, True),
    ]
    graphs = {what for what in rows if what.startswith("graph ")}
    assert graphs == {
        f"graph {name} ({place}), lena"
        for name in ("mouth", "eyes", "light")
        for place in ("cpu", "cuda")
    }
    alike = rows["frames, cuda beside cpu, lena"]
    assert alike.met
    assert max(alike.figures["largest"]) == 0
