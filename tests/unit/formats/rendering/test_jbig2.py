"""JBIG2: the published test sequence of the arithmetic decoder, round trips through an encoder, hostile files."""

import random
import struct
import zipfile
from pathlib import Path

import pytest

from formats.errors import MalformedDataError
from formats.rendering.arithmetic_decoder import _STATES, ArithmeticDecoder
from formats.rendering.jbig2 import (
    _TEMPLATES,
    _TYPICAL,
    FILE_START,
    Bitmap,
    UnsupportedJbig2Error,
    decode_jbig2,
)

ADAPTIVE = (((3, -1), (-3, -1), (2, -2), (-2, -2)), ((3, -1),), ((2, -1),), ((2, -1),))


def test_published_sequence() -> None:
    """ITU-T T.88 Annex H.2: 256 symbols in one context."""
    coded = bytes.fromhex("84C73BFCE1A1430402200000410DBB86F4317FFF88FF37471ADB6ADFFFAC")
    expected = "00020051000000C00352872AAAAAAAAA82C02000FCD79EF6BF7FED904F46A3BF"
    decoder = ArithmeticDecoder(coded, 1)
    symbols = "".join(str(decoder.bit(0)) for _ in range(256))
    assert f"{int(symbols, 2):064X}" == expected


class Encoder:
    """The encoder of T.88 Annex E (as ISO/IEC 15444-1 C.2), for making test files."""

    def __init__(self) -> None:
        self.a, self.c, self.count = 0x8000, 0, 12
        self.out = bytearray([0])
        self.states: dict[int, int] = {}
        self.symbols: dict[int, int] = {}

    def bit(self, context: int, value: int) -> None:
        state, symbol = self.states.get(context, 0), self.symbols.get(context, 0)
        estimate, more, less, switch = _STATES[state]
        self.a -= estimate
        if value == symbol:
            if self.a & 0x8000:
                self.c += estimate
                return
            if self.a < estimate:
                self.a = estimate
            else:
                self.c += estimate
            self.states[context] = more
        else:
            if self.a < estimate:
                self.c += estimate
            else:
                self.a = estimate
            if switch:
                self.symbols[context] = 1 - symbol
            self.states[context] = less
        while True:
            self.a, self.c, self.count = self.a << 1, self.c << 1, self.count - 1
            if self.count == 0:
                self._byte_out()
            if self.a & 0x8000:
                return

    def _byte_out(self) -> None:
        if self.out[-1] == 0xFF:
            self._put(20, 7)
        elif self.c < 0x8000000:
            self._put(19, 8)
        else:
            self.out[-1] += 1
            if self.out[-1] == 0xFF:
                self.c &= 0x7FFFFFF
                self._put(20, 7)
            else:
                self._put(19, 8)

    def _put(self, shift: int, count: int) -> None:
        self.out.append(self.c >> shift & 0xFF)
        self.c &= (1 << shift) - 1
        self.count = count

    def finish(self) -> bytes:
        top = self.c + self.a
        self.c |= 0xFFFF
        if self.c >= top:
            self.c -= 0x8000
        for _ in range(2):
            self.c <<= self.count
            self._byte_out()
        return bytes(self.out[1:]) + b"\xff\xac"


def _encode_rows(
    rows: list[list[int]], template: int, adaptive: tuple[tuple[int, int], ...], *, typical: bool
) -> bytes:
    encoder = Encoder()
    shape = [adaptive[item] if isinstance(item, int) else item for item in _TEMPLATES[template]]
    width = len(rows[0])
    before, same = [0] * width, 0
    for y, row in enumerate(rows):
        if typical:
            equal = int(row == before)
            encoder.bit(_TYPICAL[template], equal ^ same)
            same = equal
            before = row
            if equal:
                continue
        for x in range(width):
            context = 0
            for bit, (dx, dy) in enumerate(shape):
                if y + dy >= 0 and 0 <= x + dx < width:
                    context |= rows[y + dy][x + dx] << bit
            encoder.bit(context, row[x])
    return encoder.finish()


def _segment(number: int, kind: int, body: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(body)) + body


def _file(
    rows: list[list[int]],
    *,
    template: int = 0,
    typical: bool = False,
    at: tuple[int, int] = (0, 0),
    combine: int = 0,
    page: tuple[int, int] | None = None,
    adaptive: tuple[tuple[int, int], ...] | None = None,
    page_flags: int = 0,
) -> bytes:
    width, height = len(rows[0]), len(rows)
    adaptive = adaptive or ADAPTIVE[template]
    region = struct.pack(">IIIIB", width, height, *at, combine) + bytes([template << 1 | typical << 3])
    region += b"".join(struct.pack(">bb", *pair) for pair in adaptive)
    region += _encode_rows(rows, template, adaptive, typical=typical)
    info = struct.pack(">IIIIBH", *(page or (width, height)), 0, 0, page_flags, 0)
    head = FILE_START + b"\x01\x00\x00\x00\x01"
    return head + _segment(0, 48, info) + _segment(1, 38, region) + _segment(2, 49, b"") + _segment(3, 51, b"")


def _noise(width: int, height: int) -> list[list[int]]:
    source = random.Random(width * height)
    rows = [[int(source.random() < 0.4) for _ in range(width)] for _ in range(height)]
    rows[3] = rows[2] = rows[1]
    return rows


def _plain(bitmap: Bitmap) -> list[list[int]]:
    return [list(row) for row in bitmap.rows]


@pytest.mark.parametrize("typical", [False, True])
@pytest.mark.parametrize("template", range(4))
def test_round_trip(template: int, typical: bool) -> None:
    """Every template, with and without typical prediction, gives the pixels that were encoded."""
    rows = _noise(37, 23)
    bitmap = decode_jbig2(_file(rows, template=template, typical=typical), max_pixels=10_000)
    assert (bitmap.width, bitmap.height, _plain(bitmap)) == (37, 23, rows)


def test_adaptive_pixels_elsewhere() -> None:
    """Adaptive pixels may lie anywhere behind."""
    rows = _noise(20, 12)
    adaptive = ((-9, 0), (5, -4), (-12, -2), (7, -1))
    assert _plain(decode_jbig2(_file(rows, adaptive=adaptive), max_pixels=1000)) == rows


@pytest.mark.parametrize(
    ("combine", "fill", "result"), [(0, 0, 1), (1, 1, 1), (2, 1, 0), (3, 1, 1), (4, 1, 1), (1, 0, 0)]
)
def test_regions_are_combined(combine: int, fill: int, result: int) -> None:
    """A region is laid over the page's pixels by its operator; what hangs over is cut."""
    data = _file([[1] * 8] * 8, at=(3, 4), page=(9, 9), combine=combine, page_flags=fill << 2)
    rows = _plain(decode_jbig2(data, max_pixels=1000))
    assert rows[0] == [fill] * 9
    assert rows[5] == [fill] * 3 + [result] * 6


def test_codes_of_real_invoices(samples_dir: Path) -> None:
    """The two-dimensional codes of tax invoices are read and say what the invoice says."""
    zxingcpp = pytest.importorskip("zxingcpp")
    from PIL import Image

    for name, entry, text in (
        ("v4-invoice-a", "image_78.jb2", "01,10,033002000211,83089647,510.68,20200723,16197833567414507415,0941,"),
        ("v4-invoice-d", "image_80.jb2", "01,10,032001600511,31471858,198.04,20201004,01897109054748898321,0813,"),
    ):
        with zipfile.ZipFile(samples_dir / "ofd" / "signed" / f"{name}.ofd") as package:
            bitmap = decode_jbig2(package.read(f"Doc_0/Res/{entry}"), max_pixels=20_000)
        gray = bytes(0 if pixel else 255 for row in bitmap.rows for pixel in row)
        image = Image.frombytes("L", (bitmap.width, bitmap.height), gray).resize(
            (400, 400), Image.Resampling.NEAREST
        )
        assert [code.text for code in zxingcpp.read_barcodes(image)] == [text]


def test_every_truncation_and_flipped_octet() -> None:
    """Damage gives MalformedDataError or other pixels, nothing else."""
    data = _file(_noise(12, 9), typical=True)
    for end in range(len(data) - 22):
        with pytest.raises(MalformedDataError):
            decode_jbig2(data[:end], max_pixels=1000)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 0xFF
        try:
            decode_jbig2(bytes(flipped), max_pixels=1000)
        except MalformedDataError:
            continue


@pytest.mark.parametrize(
    "segments",
    [
        _segment(0, 48, struct.pack(">IIIIBH", 100_000, 100_000, 0, 0, 0, 0)),
        _segment(0, 48, struct.pack(">IIIIBH", 9, 0xFFFFFFFF, 0, 0, 0, 0)),
        _segment(0, 48, struct.pack(">IIIIBH", 9, 9, 0, 0, 0, 0)) + _segment(1, 6, b""),
        _segment(0, 48, struct.pack(">IIIIBH", 9, 9, 0, 0, 0, 0))
        + _segment(1, 38, struct.pack(">IIIIBB", 9, 9, 0, 0, 0, 1) + bytes(20)),
        _segment(0, 48, struct.pack(">IIIIBH", 9, 9, 0, 0, 0, 0))
        + _segment(1, 38, struct.pack(">IIIIBB", 10**6, 10**6, 0, 0, 0, 0) + bytes(20)),
        struct.pack(">IBBBI", 0, 38, 0, 1, 0xFFFFFFFF),
    ],
)
def test_what_is_not_read(segments: bytes) -> None:
    """Huge pages, symbols, MMR and unknown lengths are told apart from damage."""
    with pytest.raises(UnsupportedJbig2Error):
        decode_jbig2(FILE_START + b"\x01\x00\x00\x00\x01" + segments, max_pixels=10_000)
