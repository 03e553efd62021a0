"""The record of why a face may be used, kept in the character it was given for."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

STATEMENTS: Final[dict[str, str]] = {
    "own": "The picture shows the person who imported it.",
    "permission": "The person shown gave permission to the person who imported the picture.",
    "synthetic": "The picture shows nobody real: it was drawn or generated.",
    "public-domain": "The picture is in the public domain.",
}
"""What the person who imports a picture states by each kind of consent."""


def consent_record(kind: str, picture: bytes, now: datetime | None = None) -> dict[str, str]:
    """What `character.json` keeps: the statement, when it was made, and for which picture.

    The picture is told by its SHA-256 alone: neither its name nor its place is written down.
    """
    when = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    return {
        "kind": kind,
        "statement": STATEMENTS[kind],
        "stated": when.isoformat(),
        "picture_sha256": hashlib.sha256(picture).hexdigest(),
    }
