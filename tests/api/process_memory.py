"""What a process holds: its memory searched for octets, and the files it has open. Linux only."""

import base64
import re
import struct
from pathlib import Path

from crypto import curve

_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r\S*) \S+ \S+ \S+ *(.*)")
_UNREADABLE = ("[vvar]", "[vvar_vclock]", "[vsyscall]")
_MOST_AT_ONCE = 64 << 20


def shapes_of(scalar: int) -> dict[str, bytes]:
    """How a private key may lie in memory: as octets and words, as text, and as what signing makes of it."""
    inverse = pow(1 + scalar, -1, curve.N)
    shapes = {}
    for name, number in (("d", scalar), ("1/(1+d)", inverse)):
        octets = number.to_bytes(32, "big")
        shapes |= {
            f"{name}, big-endian": octets,
            f"{name}, words": octets[::-1],
            f"{name}, words, high first": b"".join(octets[at : at + 8][::-1] for at in range(0, 32, 8)),
            f"{name}, integer of Python": struct.pack(
                "<9I", *(number >> 30 * at & (1 << 30) - 1 for at in range(9))
            ),
            f"{name}, hexadecimal": octets.hex().encode(),
            f"{name}, hexadecimal, upper case": octets.hex().upper().encode(),
            f"{name}, Base64": base64.b64encode(octets)[:42],
            f"{name}, decimal": str(number).encode(),
        }
    return shapes


def found_in_memory(process: int, wanted: dict[str, bytes]) -> set[str]:
    """Which of ``wanted`` lie in the readable memory of a process; asserts that there was something to search."""
    found: set[str] = set()
    searched = 0
    longest = max(map(len, wanted.values()))
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            region = _REGION.fullmatch(line)
            if region is None or region[4] in _UNREADABLE:
                continue
            start, end = int(region[1], 16), int(region[2], 16)
            kept = b""
            while start < end:
                memory.seek(start)
                try:
                    part = memory.read(min(_MOST_AT_ONCE, end - start))
                except OSError:  # a hole in a mapped file
                    break
                if not part:
                    break
                start += len(part)
                searched += len(part)
                window = kept + part
                found |= {name for name, octets in wanted.items() if octets in window}
                kept = window[-longest:]
    assert searched > 4 << 20, "the memory of the process was not there to be searched"
    return found


def open_files(process: int) -> set[str]:
    """Where the descriptors of a process lead."""
    return {str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()}
