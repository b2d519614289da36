"""What layout raises.

```
ValueError
└── LayoutError         the question cannot be put on paper: a box too small for a line, measures without sense
    └── OverfullError   the text is too long for its place at the smallest size allowed
```
"""


class LayoutError(ValueError):
    """A box is too small for a single line of its text, or a measure makes no sense."""


class OverfullError(LayoutError):
    """The text does not fit, and its place has no continuation.

    Attributes:
        remainder: What did not fit; not part of the message, for it may be personal.
    """

    def __init__(self, length: int, remainder: str, size: float) -> None:
        self.length = length
        self.remainder = remainder
        super().__init__(
            f"{len(remainder)} of {length} characters do not fit at the smallest size allowed, {size:.2f} mm"
        )
