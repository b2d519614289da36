"""What readers of outside bytes raise.

```
ValueError
└── MalformedDataError        bytes from outside do not parse, or break a rule of their format
    └── LimitExceededError    they may be well formed, but are larger, deeper or more numerous than allowed
```

Both carry which structure was being read and, where it is known, the offset of the offending octet, so that
a report can point at it. No other exception leaves a reader.
"""


class MalformedDataError(ValueError):
    """Outside bytes do not parse.

    Args:
        message: What is wrong, for an engineer; holds no content of the document beyond names and numbers.
        what: The structure being read, for example ``"certificate"`` or a package path.
        offset: Zero-based octet offset in the bytes handed to the reader, if known.
    """

    def __init__(self, message: str, *, what: str = "data", offset: int | None = None) -> None:
        self.message = message
        self.what = what
        self.offset = offset
        place = "" if offset is None else f" at offset {offset}"
        super().__init__(f"{what}: {message}{place}")


class LimitExceededError(MalformedDataError):
    """A size, depth or count limit was reached; reading stopped there."""
