"""A bounded memory of results that depend on their key alone."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class BoundedCache(Generic[_Key, _Value]):
    """Keeps at most ``size`` results, forgetting the one not asked for longest. Safe for threads.

    Only pure functions of the key belong here: a result is handed out again without asking anything anew. Two
    threads may compute the same result; both get the same one.
    """

    __slots__ = ("_lock", "_size", "_values")

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("a cache keeps at least one result")
        self._size = size
        self._values: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: _Key, compute: Callable[[], _Value]) -> _Value:
        """The result for ``key``, computed if it is not at hand; what ``compute`` raises is not remembered."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = compute()
        with self._lock:
            value = self._values.setdefault(key, value)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value
