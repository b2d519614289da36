"""Twins of a good identifier that must not pass for it."""

from collections.abc import Mapping


def hostile_twins(good: str) -> Mapping[str, object]:
    """Things that look like ``good`` and are not; every reader of identifiers refuses each of them."""
    arabic = good.translate({ord(str(digit)): chr(0x0660 + digit) for digit in range(10)})
    full_width = "".join(chr(ord(character) + 0xFEE0) if character.isalnum() else character for character in good)
    mathematical = good.translate({ord(str(digit)): chr(0x1D7CE + digit) for digit in range(10)})
    last_digit = max(index for index, character in enumerate(good) if character.isdigit())
    superscript = good[:last_digit] + "²" + good[last_digit + 1 :]
    twins: dict[str, object] = {
        "empty": "",
        "one short": good[:-1],
        "one long": good + "0",
        "space before": " " + good[1:],
        "space after": good + " ",
        "newline after": good + "\n",
        "NUL inside": good[:3] + "\0" + good[4:],
        "NUL after": good + "\0",
        "sign": "+" + good[1:],
        "underscore": good[:2] + "_" + good[3:],
        "full width": full_width,
        "Arabic-Indic digits": arabic,
        "mathematical digits": mathematical,
        "superscript digit": superscript,
        "right-to-left mark": good[:4] + "\u200f" + good[5:],
        "ten megabytes of it": good * (10_000_000 // len(good)),
        "ten megabytes of digits": "0" * 10_000_000,
        "bytes": good.encode(),
        "number": 42,
        "nothing": None,
        "list": [good],
        "half a surrogate pair": good[:-1] + "\ud800",
    }
    if good.lower() != good:
        twins["lower case"] = good.lower()
    return twins
