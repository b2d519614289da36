"""What the process does so that its memory does not leak into a file or another process."""

import ctypes
import os
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_core_dumps() -> None:
    """Set the core limit to zero and, on Linux, make the process undumpable.

    An undumpable process cannot be attached to, and its memory not be read through ``/proc``, by another process
    of the same user.

    Raises:
        OSError: The limit was refused.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    process_control = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if process_control is not None and process_control(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
