"""A vendor's shared library in this process: loaded late, one device handle, opened and closed under one lock.

Rules that hold for every vendor, because nothing is known of what a library does inside:

1. It is loaded at the first use, so after a fork, and never used in a child of the process that loaded it.
2. There is one device handle a process and library, opened at the first session and closed with the last user.
3. One lock goes round opening and closing devices and sessions, and round access rights unless the profile says
   that the vendor states otherwise.
4. Return codes are masked to 32 bits and become exceptions by the profile; a missing function is SDR_NOTSUPPORT.
5. A handle is a number that is handed back and nothing else. NULL after success is a failure.
"""

import atexit
import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from hsm_sim.return_codes import (
    SDR_OK,
    CommunicationError,
    DeviceError,
    HardwareError,
    InputArgumentError,
    KeyFaultError,
    NotSupportedError,
    OpenDeviceError,
)
from hsm_sim.sdf.profile import VendorProfile
from hsm_sim.sdf.prototypes import argument_types
from hsm_sim.sdf.structures import Structures, structures

if TYPE_CHECKING:
    from hsm_sim.sdf.session import SdfSession

_OPENING: Final = threading.RLock()
_LOADED: Final[dict[Path, "_Loaded"]] = {}
"""Libraries of this process, by path; changed under ``_OPENING``."""


class _Loaded:
    """One library with its device handle, shared by all who use it."""

    def __init__(self, path: Path, profile: VendorProfile) -> None:
        self.process = os.getpid()
        self.profile = profile
        self.layout: Structures = structures(profile)
        self.users = 0
        self.sessions = 0
        self.device: int | None = None
        self._functions: dict[str, Callable[..., int] | None] = {}
        try:
            self._library = ctypes.CDLL(os.fspath(path), mode=os.RTLD_NOW | os.RTLD_LOCAL)
        except OSError as error:
            raise OpenDeviceError(f"the library cannot be loaded: {error}") from error

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function and turn its return code into an exception."""
        if self.process != os.getpid():
            raise CommunicationError("the library was loaded by another process, before a fork")
        function = self._function(name)
        if function is None:
            raise NotSupportedError(name)
        code = function(*arguments) & 0xFFFFFFFF
        if code != SDR_OK:
            raise self.profile.error(name, code)

    def _function(self, name: str) -> Callable[..., int] | None:
        if name not in self._functions:
            types = argument_types(name, self.profile, self.layout)
            found = getattr(self._library, name, None) if types is not None else None
            if found is not None:
                found.restype, found.argtypes = ctypes.c_int, types
            self._functions[name] = found
        return self._functions[name]

    def handle(self, name: str, *arguments: Any) -> int:
        """Call a function whose last argument is a place for a handle."""
        place = ctypes.c_void_p()
        self.call(name, *arguments, ctypes.byref(place))
        if not place.value:
            raise KeyFaultError(f"{name} gave no handle")
        return place.value

    def open_session(self) -> int:
        """Open a session, the device before it; once more with a new device handle if the old one is of no use."""
        try:
            handle = self.handle("SDF_OpenSession", self._device())
        except (CommunicationError, HardwareError):
            if self.sessions:
                raise
            self.close_device()
            handle = self.handle("SDF_OpenSession", self._device())
        self.sessions += 1
        return handle

    def _device(self) -> int:
        if self.device is None:
            self.device = self.handle("SDF_OpenDevice")
        return self.device

    def close_device(self) -> None:
        """Close the device; the handle is gone whatever the library says."""
        device, self.device = self.device, None
        if device is not None and self.process == os.getpid():
            with suppress(DeviceError):
                self.call("SDF_CloseDevice", device)


class SdfLibrary:
    """The use of a library by one caller; closed by ``close`` or as a context manager.

    Args:
        path: Of the shared library.
        profile: How its vendor does it.

    Raises:
        OpenDeviceError: It cannot be loaded.
        InputArgumentError: It is in use here under another profile.
        CommunicationError: A parent of this process loaded it.
    """

    def __init__(self, path: Path, profile: VendorProfile) -> None:
        resolved = path.resolve()
        with _OPENING:
            loaded = _LOADED.get(resolved)
            if loaded is None:
                loaded = _LOADED[resolved] = _Loaded(resolved, profile)
            if loaded.process != os.getpid():
                raise CommunicationError("the library was loaded by another process, before a fork")
            if loaded.users and loaded.profile != profile:
                raise InputArgumentError(f"the library is in use under profile {loaded.profile.name}")
            if loaded.profile != profile:
                loaded = _LOADED[resolved] = _Loaded(resolved, profile)
            loaded.users += 1
        self._loaded = loaded
        self._closed = False

    @property
    def profile(self) -> VendorProfile:
        """How the vendor does it."""
        return self._loaded.profile

    @property
    def layout(self) -> Structures:
        """Structures of the profile."""
        return self._loaded.layout

    @property
    def process(self) -> int:
        """Number of the process that loaded it."""
        return self._loaded.process

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function of the standard by name.

        Raises:
            NotSupportedError: The library has no such function.
            DeviceError: By the profile.
        """
        self._loaded.call(name, *arguments)

    def handle(self, name: str, *arguments: Any) -> int:
        """Call a function whose last argument is a place for a handle, and return that. Raises as ``call``."""
        return self._loaded.handle(name, *arguments)

    def turn(self) -> AbstractContextManager[object]:
        """Held round access rights, as the profile says."""
        return _OPENING if self.profile.rights_in_turn else nullcontext()

    def open_session(self) -> "SdfSession":
        """Open a session; the caller closes it.

        Raises:
            OpenDeviceError, OpenSessionError: The library refuses.
            DeviceError: Anything else it says.
        """
        from hsm_sim.sdf.session import SdfSession  # noqa: PLC0415 - a session needs the library

        with _OPENING:
            if self._closed:
                raise CommunicationError("closed on this side")
            return SdfSession(self, self._loaded.open_session())

    def close_session(self, handle: int) -> None:
        """Close a session; whatever the library says, it is not used again."""
        with _OPENING:
            self._loaded.sessions -= 1
            if self._loaded.process == os.getpid() and self._loaded.device is not None:
                with suppress(DeviceError):
                    self._loaded.call("SDF_CloseSession", handle)

    def close(self) -> None:
        """Let go; the last user closes the device."""
        with _OPENING:
            if self._closed:
                return
            self._closed = True
            self._loaded.users -= 1
            if not self._loaded.users:
                self._loaded.close_device()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@atexit.register
def _close_devices() -> None:
    with _OPENING:
        for loaded in _LOADED.values():
            loaded.close_device()
