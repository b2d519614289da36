"""``xinyin ceremony``: judging what ``xinyin hsm ceremony`` and ``xinyin ca ceremony`` left behind."""

import argparse
from pathlib import Path
from typing import Any

from api.arguments import add_command, add_group
from api.failures import ExitStatus
from api.messages import Messages
from api.output import Output


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "ceremony", "ceremony"), text, "ceremony_command")
    verify = add_command(group, text, "verify", "ceremony.verify")
    verify.add_argument("transcript", metavar="TRANSCRIPT", help=text("ceremony.verify.transcript"))
    verify.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Carry one of the commands out."""
    from api.ceremony.judging import Mark, judge

    findings = judge(Path(arguments.transcript))
    failed = any(each.mark is Mark.FAILED for each in findings)
    if arguments.json:
        out.json([{"check": each.check, "mark": each.mark.value, "detail": each.detail} for each in findings])
    else:
        out.table(
            [
                (text(f"ceremony.mark.{each.mark.value}"), text(f"ceremony.check.{each.check}"), each.detail)
                for each in findings
            ]
        )
        out.line(text("ceremony.verify.failed" if failed else "ceremony.verify.passed"))
    return ExitStatus.FAILED if failed else ExitStatus.PASSED
