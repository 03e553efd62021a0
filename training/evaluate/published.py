"""Means and standard deviations of blinks and gaze in published studies.

Blinks per minute. Doughty, "Consideration of three types of spontaneous eyeblink activity in normal
humans", Optom. Vis. Sci. 2001, reviews the literature and gives the range that holds 95% of adults:
8.0 to 21.0 in primary gaze and silence, 10.5 to 32.5 in conversation; mean and standard deviation
follow as its middle and half its width over 1.96. Bentivoglio et al., Mov. Disord. 1997, whose
abstract gives means without deviations, has 17 at rest and 26 in conversation; Chidi-Egboka et al.
(medRxiv 2022.11.19.22282503) 32.4 +- 12.4 in conversation. Listening alone was not found; ten
healthy adults who watched a film for an hour blinked 19.8 +- 4.9 times a minute (ARVO abstract,
Invest. Ophthalmol. Vis. Sci., article 2357231), which stands in for it.

Gaze. Lee, Badler and Badler, "Eyes alive", SIGGRAPH 2002, in frames of 1/30 s: talking, mutual gaze
93.9 +- 94.9 and gaze away 27.8 +- 24.0; listening, 237.5 +- 47.1 and 13.0 +- 7.1. Saccade sizes
there are -6.9 ln(P / 15.7) degrees, P uniform from 0 to 15: a shifted exponential with mean
6.9 (1 + ln(15.7 / 15)) = 7.2 and standard deviation 6.9.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Published:
    """A mean with its standard deviation, and who found it."""

    mean: float
    sd: float
    study: str

    def holds(self, value: float) -> bool:
        """Within one standard deviation."""
        return abs(value - self.mean) <= self.sd

    def __str__(self) -> str:
        return f"{self.mean:.3g} ± {self.sd:.2g} ({self.study})"


def _from_limits(low: float, high: float, study: str) -> Published:
    """From the limits between which 95% of a normal distribution lie."""
    return Published((low + high) / 2, (high - low) / 2 / 1.96, study)


BLINKS: Final = {
    "idle": _from_limits(8.0, 21.0, "Doughty 2001, primary gaze"),
    "speaking": _from_limits(10.5, 32.5, "Doughty 2001, conversation"),
    "listening": Published(19.8, 4.9, "ARVO abstract 2357231, watching a film"),
}
"""Per minute."""

_LEE: Final = "Lee et al. 2002"
LOOKS: Final = {
    ("speaking", "mutual"): Published(93.9 / 30, 94.9 / 30, _LEE),
    ("speaking", "away"): Published(27.8 / 30, 24.0 / 30, _LEE),
    ("listening", "mutual"): Published(237.5 / 30, 47.1 / 30, _LEE),
    ("listening", "away"): Published(13.0 / 30, 7.1 / 30, _LEE),
}
"""Seconds of one look."""

SACCADE_SIZE: Final = Published(6.9 * (1 + math.log(15.7 / 15)), 6.9, _LEE)
"""Degrees."""
