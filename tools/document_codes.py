"""Write the table of codes in docs/reference/verification.md from the verifier's own table.

    .venv/bin/python tools/document_codes.py

A test fails when the page and the table say different things; running this makes them agree again.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from verifier.code_table import CODES  # noqa: E402 - the checkout need not be installed
from verifier.codes import Code, Step  # noqa: E402
from verifier.explanation import explain  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "verification.md"
BEGIN = "<!-- codes: written by tools/document_codes.py -->\n"
END = "<!-- end of codes -->\n"


def table() -> str:
    """Every code by its step, in the order of a report."""
    lines = ["| step | code | outcome | says | clause |\n", "|---|---|---|---|---|\n"]
    for step in (*Step, None):
        for code in Code:
            facts = CODES[code]
            if facts.step is not step:
                continue
            outcome = f"{facts.outcome.value}, worth telling" if facts.notable else facts.outcome.value
            told = explain(code, "en").says
            where = step.value if step else "any"
            lines.append(f"| {where} | `{code}` | {outcome} | {told} | {facts.clause} |\n")
    return "".join(lines)


def page_with_table(page: str) -> str:
    """The page with its table written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")
