"""The adaptive binary arithmetic decoder of bi-level pictures (ITU-T T.88 Annex E)."""

from typing import Final

# Qe, next state after the more probable symbol, after the less probable one, whether the two change places
_STATES: Final = (
    (0x5601, 1, 1, 1),
    (0x3401, 2, 6, 0),
    (0x1801, 3, 9, 0),
    (0x0AC1, 4, 12, 0),
    (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0),
    (0x5601, 7, 6, 1),
    (0x5401, 8, 14, 0),
    (0x4801, 9, 14, 0),
    (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0),
    (0x2401, 12, 18, 0),
    (0x1C01, 13, 20, 0),
    (0x1601, 29, 21, 0),
    (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0),
    (0x4801, 18, 16, 0),
    (0x3801, 19, 17, 0),
    (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0),
    (0x2801, 22, 19, 0),
    (0x2401, 23, 20, 0),
    (0x2201, 24, 21, 0),
    (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0),
    (0x1601, 27, 24, 0),
    (0x1401, 28, 25, 0),
    (0x1201, 29, 26, 0),
    (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0),
    (0x09C1, 32, 29, 0),
    (0x08A1, 33, 30, 0),
    (0x0521, 34, 31, 0),
    (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0),
    (0x0221, 37, 34, 0),
    (0x0141, 38, 35, 0),
    (0x0111, 39, 36, 0),
    (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0),
    (0x0025, 42, 39, 0),
    (0x0015, 43, 40, 0),
    (0x0009, 44, 41, 0),
    (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0),
    (0x5601, 46, 46, 0),
)


class ArithmeticDecoder:
    """Decodes symbols from ``data``; behind its end the marker FF AC is assumed, as encoders cut it off.

    Args:
        data: The coded octets.
        contexts: How many contexts there are.
    """

    def __init__(self, data: bytes, contexts: int) -> None:
        self._data = data + b"\xff\xac"
        self._position = 0
        self._states = bytearray(contexts)
        self._symbols = bytearray(contexts)
        self._code = self._data[0] << 16
        self._count = 0
        self._read()
        self._code <<= 7
        self._count -= 7
        self._interval = 0x8000

    def bit(self, context: int) -> int:
        """The next symbol in a context."""
        state = self._states[context]
        symbol = self._symbols[context]
        estimate, more, less, switch = _STATES[state]
        interval = self._interval - estimate
        if (self._code >> 16) < estimate:
            probable = interval < estimate
            interval = estimate
        else:
            self._code -= estimate << 16
            if interval & 0x8000:
                self._interval = interval
                return symbol
            probable = interval >= estimate
        if probable:
            self._states[context] = more
        else:
            self._states[context] = less
            symbol ^= 1
            if switch:
                self._symbols[context] = symbol
        while not interval & 0x8000:
            if self._count == 0:
                self._read()
            interval <<= 1
            self._code <<= 1
            self._count -= 1
        self._interval = interval
        return symbol

    def _read(self) -> None:
        """The next octet into the code register; a marker is not passed."""
        data, position = self._data, self._position
        if data[position] == 0xFF:
            follower = data[position + 1] if position + 1 < len(data) else 0xAC
            if follower > 0x8F:
                self._code += 0xFF00
                self._count = 8
                return
            self._code += follower << 9
            self._count = 7
        else:
            self._code += data[position + 1] << 8
            self._count = 8
        self._position += 1
