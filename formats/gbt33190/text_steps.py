"""DeltaX and DeltaY of a TextCode (GB/T 33190-2016, CT_Text) as steps from each character to the next."""

from collections.abc import Sequence

from formats.gbt33190.page_objects import TextCode


def stated_steps(code: TextCode) -> tuple[Sequence[float], Sequence[float]]:
    """The way from each character to the next as it is stated, along x and along y.

    A list that is too short goes on with its last value. Deltas are counted in characters, or in UTF-16 units
    where their number says so.
    """
    count = len(code.text)
    if not code.text or max(code.text) <= "\uffff":
        return _padded(code.delta_x, count), _padded(code.delta_y, count)
    units = [2 if character > "\uffff" else 1 for character in code.text]
    if max(len(code.delta_x), len(code.delta_y)) < sum(units) - 1:
        return _padded(code.delta_x, count), _padded(code.delta_y, count)
    return _gathered(code.delta_x, units), _gathered(code.delta_y, units)


def _padded(deltas: tuple[float, ...], count: int) -> Sequence[float]:
    if len(deltas) >= count:
        return deltas[:count]
    return deltas + (deltas[-1] if deltas else 0.0,) * (count - len(deltas))


def _gathered(deltas: tuple[float, ...], units: list[int]) -> list[float]:
    """Deltas counted in UTF-16 units, summed for each character."""
    steps = iter(_padded(deltas, sum(units)))
    return [next(steps) + (next(steps) if unit == 2 else 0.0) for unit in units]
