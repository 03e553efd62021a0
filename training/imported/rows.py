"""The rows of the table, from measured people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from training.evaluate.table import Row
from training.imported.measure import Measured
from training.imported.regions import REGIONS, VARIANTS

GAIN: Final = 3.0
"""dB over the static picture and over the warp without networks."""
TURN_GAIN: Final = 4.0
"""dB over the one-layer warp."""
TURNS: Final = (("yaw", 10), ("yaw", 20), ("pitch", 10), ("pitch", 15), ("roll", 10), ("roll", 15))
"""Degrees to either side that are compared with the one-layer warp."""
DETAIL: Final = 0.95
GAP: Final = 1.0
"""Pixels of 512."""
MEAN_DISTANCE: Final = 0.25
LARGEST_DISTANCE: Final = 0.5
IDENTITY_S: Final = 5.0


def _mean(people: Iterable[Measured], variant: str, region: str, measure: str) -> float:
    key = (variant, region, measure)
    values = [found[key] for each in people for found in each.scores.values() if key in found]
    return float(np.mean(values)) if values else float("nan")


def frame_rows(people: Sequence[Measured]) -> Iterator[Row]:
    """One row for each region and look."""
    for region in REGIONS:
        for look in dict.fromkeys(person.case.look for person in people):
            mine = [person for person in people if person.case.look == look]
            if any(person.scores for person in mine):
                yield _frame_row(region, look, mine)


def _frame_row(region: str, look: str, people: Sequence[Measured]) -> Row:
    psnr = {v: _mean(people, v, region, "psnr") for v in VARIANTS}
    ssim = {v: _mean(people, v, region, "ssim") for v in VARIANTS}
    splits = {}
    for split in dict.fromkeys(person.case.split for person in people):
        some = [person for person in people if person.case.split == split]
        splits[split] = {v: _mean(some, v, region, "psnr") for v in VARIANTS}
    gains = {v: psnr["full"] - psnr[v] for v in ("static", "warp")}
    measured = (
        " / ".join(f"{psnr[v]:.1f}" for v in VARIANTS)
        + " dB, SSIM "
        + " / ".join(f"{ssim[v]:.3f}" for v in VARIANTS)
        + f" (static / warp / full): {gains['static']:+.1f} and {gains['warp']:+.1f} dB"
    )
    figures: dict[str, Any] = {"psnr": psnr, "ssim": ssim, "splits": splits, "people": len(people)}
    return Row(
        f"{region}, {look}", f"{GAIN:.0f} dB over static and over the warp", measured,
        min(gains.values()) >= GAIN, figures=figures,
    )  # fmt: skip


def detail_rows(people: Sequence[Measured]) -> Iterator[Row]:
    """Skin and hair at rest."""
    for what in ("skin", "hair"):
        values = {p.case.name: p.detail[what] for p in people if what in p.detail}
        if not values:
            continue
        mean, least = float(np.mean(list(values.values()))), min(values.values())
        yield Row(
            f"detail at rest, {what}", f"{DETAIL:.0%} of the portrait's",
            f"{mean:.1%} in the mean, least {least:.1%}", mean >= DETAIL, figures=values,
        )  # fmt: skip


def turn_rows(people: Sequence[Measured]) -> Iterator[Row]:
    """Against the one-layer warp; the bar is for yaw, the other ways are told beside it."""
    for way, degrees in TURNS:
        names = (f"{way} {degrees}", f"{way} -{degrees}")
        turned = {p.case.name: [p.turns[n] for n in names if n in p.turns] for p in people}
        every = [found for each in turned.values() for found in each]
        if not every:
            continue
        flat, same, full = (float(np.mean([found[k] for found in every])) for k in range(3))
        looks = {
            look: float(np.mean([
                found[2] - found[0]
                for p in people if p.case.look == look for found in turned[p.case.name]
            ]))
            for look in dict.fromkeys(p.case.look for p in people)
        }  # fmt: skip
        split = ", ".join(f"{look} {value:+.1f}" for look, value in looks.items())
        asked = way == "yaw"
        bar = f"{TURN_GAIN:.0f} dB over the one-layer warp" if asked else ""
        yield Row(
            f"{way} {degrees}, face", bar,
            f"{flat:.1f} -> {full:.1f} dB: {full - flat:+.1f} ({split}); by the import's own flow "
            f"{same:.1f} -> {full:.1f}: {full - same:+.1f}",
            full - flat >= TURN_GAIN if asked else None,
            figures={"one layer": flat, "one layer, own flow": same, "full": full, "gain": looks},
        )  # fmt: skip


def gap_rows(people: Sequence[Measured]) -> Iterator[Row]:
    """Lids and lips that should be shut."""
    for what in ("lids", "lips"):
        values = {p.case.name: p.gaps[what] for p in people if p.gaps.get(what)}
        flat = [value for each in values.values() for value in each]
        if not flat:
            continue
        looks = {
            look: float(np.mean([v for p in people if p.case.look == look
                                 for v in p.gaps.get(what, [])] or [np.nan]))
            for look in dict.fromkeys(p.case.look for p in people)
        }  # fmt: skip
        mean = float(np.mean(flat))
        split = ", ".join(f"{look} {value:.2f}" for look, value in looks.items())
        yield Row(
            f"{what} shut", f"gap under {GAP:.0f} px of 512",
            f"{mean:.2f} px in the mean ({split}), largest {max(flat):.2f}", mean < GAP,
            figures={"people": values, "looks": looks},
        )  # fmt: skip


def identity_row(distances: dict[str, float | None] | None, why: str = "") -> Row:
    """dlib's distance between frame and truth."""
    what = "identity, photographs (dlib)"
    bar = f"mean {MEAN_DISTANCE}, none over {LARGEST_DISTANCE}"
    known = {name: value for name, value in (distances or {}).items() if value is not None}
    if not known:
        return Row(what, bar, why or "no face found in any truth", None)
    values = list(known.values())
    mean, largest = float(np.mean(values)), max(values)
    missed = len(distances or {}) - len(known)
    return Row(
        what, bar,
        f"mean {mean:.3f}, largest {largest:.3f} ({len(values)} pairs, {missed} without a face)",
        mean <= MEAN_DISTANCE and largest <= LARGEST_DISTANCE, figures=known,
    )  # fmt: skip


def import_rows(people: Sequence[Measured]) -> Iterator[Row]:
    """Time of an import."""
    spent = [person.brought.seconds for person in people]
    if spent:
        yield Row(
            "import once", f"{IDENTITY_S:.0f} s",
            f"median {np.median(spent):.1f} processor seconds, most {max(spent):.1f}",
            max(spent) <= IDENTITY_S, figures={"seconds": spent},
        )  # fmt: skip


def large_row(seconds: Mapping[str, Sequence[float]]) -> Row:
    """Time of a whole import of the largest picture, by the kind of its file."""
    medians = {kind: float(np.median(spent)) for kind, spent in seconds.items()}
    told = ", ".join(f"{value:.1f} ({kind.split()[-1]})" for kind, value in medians.items())
    return Row(
        "import 4096 x 4096, read, decoded, found and written", f"{IDENTITY_S:.0f} s",
        f"median processor seconds {told}", max(medians.values()) <= IDENTITY_S,
        figures={"seconds": {kind: list(spent) for kind, spent in seconds.items()}},
    )  # fmt: skip


def hours_row(drawn: int, differ: int, minutes: float, stride: int) -> Row:
    """The same motion after a long session."""
    return Row(
        f"{minutes:.0f} minutes of frames", "same motion, same pixels",
        f"{differ} motions differ after {drawn} frames drawn (one of {stride})", differ == 0,
        figures={"frames": drawn, "differ": differ, "stride": stride},
    )  # fmt: skip


def point_row(people: Sequence[Measured], how: str) -> Row:
    """How well the points were known that these imports started from."""
    errors = {p.case.name: p.brought.point_error for p in people}
    mean = float(np.mean(list(errors.values())))
    return Row(
        f"points inside the face ({how})", "", f"{mean:.2f} px of 512, most "
        f"{max(errors.values()):.2f}", None, figures=errors,
    )  # fmt: skip
