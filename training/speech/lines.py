"""Lines for synthesisers to speak, by language: `python -m training.speech.lines OLD NEW FILE`.

Dialogue of Fish Fillets (sources of OLD, from `build`), the script of Flight of the Amazon Queen
and the texts of Tux Paint's stamps (sources of NEW, from `extend`). Nothing of the Asterisk
prompts is among them.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Final

import numpy as np

from training.speech.games import FOTAQ_ARCHIVE, AmazonQueen
from training.speech.small_voices import stamp_texts
from training.speech.sources import dialogue

DIALOGUE: Final = ("en", "de", "fr", "nl", "cs", "es", "it", "sv", "pl", "ru")
STAMPS: Final = (
    "pt_BR", "pt", "ro", "hu", "el", "tr", "hr", "fi", "id", "ms", "is", "lt", "af", "ja", "uk",
    "eo",
)  # fmt: skip
_SHORTEST: Final = 12
_SCRIPT: Final = (15, 120)


def lines_by_language(old: Path, new: Path) -> dict[str, list[str]]:
    """Lines of each language of DIALOGUE and STAMPS, sorted; a folder that is absent adds none."""
    found = {name: set(dialogue(old, name).values()) for name in DIALOGUE}
    found |= {name: set() for name in STAMPS}
    archive = new / "unpacked" / FOTAQ_ARCHIVE
    if archive.is_file():
        script = (words for _, words in AmazonQueen(archive).script().values())
        found["en"] |= {words for words in script if _SCRIPT[0] < len(words) < _SCRIPT[1]}
    for texts in stamp_texts(new / "unpacked"):
        for name, text in texts.items():
            if name in STAMPS and len(text) > _SHORTEST:
                found[name].add(text)
    return {name: sorted(lines) for name, lines in found.items() if lines}


def clean(line: str) -> str:
    """A line without the signs that nobody says, and without CAPITALS, which some would spell."""
    plain = re.sub(r"[^\w\s.,!?'’-]", " ", line).strip()
    return re.sub(r"[^\W\d_]{2,}", lambda m: m[0].lower() if m[0].isupper() else m[0], plain)


def sentences(lines: list[str], rng: np.random.Generator) -> str:
    """One line, or several until there is enough to say."""
    wanted, text = rng.integers(25, 100), ""
    while len(text) < wanted:
        line = str(rng.choice(lines)).strip()
        text = f"{text} {line}" if text else line
        if text[-1] not in ".!?":
            text += "."
    return text


def main() -> None:
    """Read the command line and write the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path, help="corpus folder of training.speech.build")
    parser.add_argument("new", type=Path, help="corpus folder of training.speech.extend")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    found = lines_by_language(options.old / "sources", options.new / "sources")
    options.file.write_text(json.dumps(found, ensure_ascii=False), "utf8")
    print({name: len(lines) for name, lines in found.items()})


if __name__ == "__main__":
    main()
