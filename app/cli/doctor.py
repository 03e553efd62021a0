"""`personare doctor`: tries everything and tells what works here, with a remedy for each fault."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.cli.progress import Progress
from inference.contract import PersonareError

log = logging.getLogger(__name__)

OK: Final = "ok"
MISSING: Final = "missing"
"""Worth having, but Personare works without it."""
FAULT: Final = "fault"
"""Something Personare cannot do its work without."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    name: str
    state: str
    """`ok`, `missing` or `fault`."""
    detail: str
    """One sentence, or a few facts."""
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    """The same for programs."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("doctor", help="what works here, and remedies")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def guard(name: str, check: Callable[[], Finding], state: str = FAULT) -> Finding:
    """Run a check; whatever it raises becomes a finding of `state`."""
    try:
        return check()
    except PersonareError as error:
        return Finding(name, state, str(error), error.remedy)
    except Exception as error:
        # A check meets whatever is broken on this machine; the doctor goes on to the next one.
        log.exception("doctor: %s", name)
        return Finding(name, state, f"{type(error).__name__}: {str(error)[:200]}", "See the log.")


def examine(progress: Callable[[float], None] = lambda done: None) -> list[Finding]:
    """Make all checks."""
    from app.cli import doctor_checks

    findings = []
    checks = doctor_checks.CHECKS
    for k, (name, check, state) in enumerate(checks):
        findings.append(guard(name, check, state))
        progress(k + 1)
    return findings


def report(findings: list[Finding]) -> dict[str, Any]:
    """What `--json` prints; see docs/cli.md."""
    from app.cli.main import version
    from app.logging_setup import log_file

    return {
        "version": version(),
        "ok": all(finding.state != FAULT for finding in findings),
        "checks": [asdict(finding) for finding in findings],
        "log": str(log_file()),
    }


def run(options: argparse.Namespace) -> int:
    """Carry out the command: status 0 when nothing necessary is at fault."""
    from app.cli import doctor_checks

    with Progress("examining", len(doctor_checks.CHECKS)) as progress:
        findings = examine(progress.update)
    result = report(findings)
    if options.json:
        print(json.dumps(result, indent=2))
        return 0 if result["ok"] else 1
    signs = {OK: "✓", MISSING: "–", FAULT: "✗"}
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
        signs = {OK: "ok", MISSING: "--", FAULT: "!!"}
    for finding in findings:
        print(f"{signs[finding.state]} {finding.name:<16} {finding.detail}")
        if finding.remedy:
            print(f"  {'':<16} {finding.remedy}")
    print(f"  {'log':<16} {result['log']}")
    return 0 if result["ok"] else 1
