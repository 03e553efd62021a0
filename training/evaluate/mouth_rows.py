"""The rows about lips against phones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from training.evaluate.mouth_score import ScoredClip, score
from training.evaluate.table import Row

PEER_OPENNESS = "0.55 (wLipSync, at its best delay)"
PEER_CLOSED = "0.27 / 0.24 (HeadAudio)"
PEER_GROUPS = "0.42 (HeadAudio)"
PEER_DELAY = "60-70 ms"


def mouth_rows(clips: Sequence[ScoredClip]) -> list[Row]:
    """Openness, closures, rounding, lip groups and delay of a set of prompts."""
    found = score(clips)
    figures = asdict(found)
    heads = {"viseme head": found.groups_by_head, "lip shape": found.groups_by_shape}
    groups = {name: value for name, value in heads.items() if value is not None}
    return [
        Row(
            "openness correlation inside speech, at the track's own delay",
            "0.80",
            f"{found.openness:.2f} (best delay: {found.openness_best:.2f})",
            found.openness >= 0.80,
            PEER_OPENNESS,
            figures,
        ),
        Row(
            "p, b, m with lips closed / other consonants closed (`clRec` / `clAlv`)",
            "0.90 / 0.15",
            f"{found.closed_lips_sync:.2f} / {found.closed_tongue_sync:.2f} "
            f"({found.lips_scored} p b m)",
            found.closed_lips_sync >= 0.90 and found.closed_tongue_sync <= 0.15,
            PEER_CLOSED,
        ),
        Row(
            "the same at the track's own delay",
            "0.90 / 0.15",
            f"{found.closed_lips:.2f} / {found.closed_tongue:.2f}",
            found.closed_lips >= 0.90 and found.closed_tongue <= 0.15,
        ),
        Row(
            "rounding on U, O, W, SH, CH against other vowels (AUC of pucker + funnel)",
            "0.85",
            f"{found.rounding:.2f} (best delay: {found.rounding_best:.2f})",
            found.rounding >= 0.85,
            "none",
        ),
        Row(
            "lip-group accuracy, live (viseme head or lip shape)",
            "0.60",
            ", ".join(f"{name} {value:.2f}" for name, value in groups.items()),
            max(groups.values()) >= 0.60,
            PEER_GROUPS,
        ),
        Row(
            "delay of the motion (look-ahead and step; by openness inside speech)",
            "40 ms or less",
            f"{found.lag_ms} ms (by visemes: {found.viseme_lag_ms} ms)",
            -40 <= max(found.lag_ms, found.viseme_lag_ms) <= 40,
            PEER_DELAY,
        ),
    ]
