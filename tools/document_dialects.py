"""Write the tables in docs/reference/dialects.md from the diagnosis's own table.

    .venv/bin/python tools/document_dialects.py

A test fails when the page and the table say different things; running this makes them agree again.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from verifier.diagnosis import dialects, strictnesses, texts  # noqa: E402 - the checkout need not be installed

PAGE = ROOT / "docs" / "reference" / "dialects.md"
BEGIN = "<!-- dialects: written by tools/document_dialects.py -->\n"
END = "<!-- end of dialects -->\n"


def tables() -> str:
    """Every dialect, then every strictness, in the order of the table."""
    words = texts("en")
    lines = [
        "\n| dialect | what is done otherwise | departs from | known from | accepted by | change |\n",
        "|---|---|---|---|---|---|\n",
    ]
    lines += [
        f"| `{each.name}` | {words.dialects[each.name]} | {each.clause} | {each.evidence.value} | "
        f"{words.readers[each.readers]} | {words.changes[each.change]} |\n"
        for each in dialects().values()
    ]
    lines += [
        "\n## Over what others may refuse\n",
        "\n| name | why | clause | known from |\n",
        "|---|---|---|---|\n",
    ]
    lines += [
        f"| `{each.name}` | {words.strictnesses[each.name]} | {each.clause} | {each.evidence.value} |\n"
        for each in strictnesses().values()
    ]
    return "".join(lines) + "\n"


def page_with_tables(page: str) -> str:
    """The page with its tables written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tables()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
