"""What tests of importing a picture share: the bundled portrait and clicks on its face."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"
LENA = ASSETS / "characters" / "lena" / "portrait.png"
POINTS = {
    "brow_left_3": [297, 184], "brow_right_3": [214, 184], "chin": [256, 327], "crown": [256, 83],
    "eye_left_inner": [274, 208], "eye_left_lower_2": [288, 211], "eye_left_outer": [307, 205],
    "eye_left_upper_2": [289, 199], "eye_right_inner": [237, 208], "eye_right_outer": [204, 205],
    "eye_right_lower_2": [223, 211], "eye_right_upper_2": [222, 199], "jaw_left_4": [313, 299],
    "jaw_left_8": [332, 257], "jaw_right_4": [198, 299], "jaw_right_8": [179, 257],
    "lip_lower_mid": [255, 291], "lip_upper_mid": [256, 270], "mouth_left": [284, 275],
    "mouth_right": [227, 274], "nose_tip": [256, 236], "pupil_left": [291, 205],
    "pupil_right": [220, 205],
}  # fmt: skip
"""Clicks on Lena's portrait."""
