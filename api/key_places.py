"""Where keys lie, in one line: a simulated key store, or a device behind its vendor's library.

```
/run/xinyin/key-store.sock                                   the socket of a key store
sdf:/opt/vendor/libsdf.so?profile=standard                   a library of GM/T 0018
sdf:/opt/vendor/libsdf.so?profile=vendor.json&isolated=10    in a process of its own, ended after 10 seconds
```

So a real device takes the simulator's place by a setting. How the library finds its device is the vendor's matter.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qsl

from api.failures import CommandError

if TYPE_CHECKING:
    from crypto import PublicKey, Signer

SOCKET_VARIABLE: Final = "XINYIN_KEY_STORE"
_SCHEME: Final = "sdf:"
_DEFAULT_PROFILE: Final = "standard"


@dataclass(frozen=True, slots=True)
class KeyStoreSocket:
    """A key store that listens on a socket."""

    path: Path


@dataclass(frozen=True, slots=True)
class DeviceLibrary:
    """A vendor's shared library.

    Attributes:
        path: Of the library.
        profile: Name of the vendor's profile, or path of its file.
        isolated: Seconds the library may take in a process of its own; None to load it into this one.
    """

    path: Path
    profile: str
    isolated: float | None


KeyPlace: TypeAlias = KeyStoreSocket | DeviceLibrary


def read_key_place(text: str) -> KeyPlace:
    """Read where keys lie.

    Raises:
        CommandError: It begins as a library and goes on as nothing.
    """
    if not text.startswith(_SCHEME):
        return KeyStoreSocket(Path(text))
    path, _, query = text.removeprefix(_SCHEME).partition("?")
    try:
        options = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=8)
        known = dict(options)
        isolated = float(known.pop("isolated")) if "isolated" in known else None
    except ValueError:
        raise CommandError("key_store.bad_place", place=text) from None
    profile = known.pop("profile", _DEFAULT_PROFILE)
    timely = isolated is None or 0 < isolated <= 3600
    if not path or not profile or known or not timely or len(options) != len(dict(options)):
        raise CommandError("key_store.bad_place", place=text)
    return DeviceLibrary(Path(path), profile, isolated)


@contextmanager
def open_library_key(
    place: DeviceLibrary,
    index: int,
    pin: Callable[[], bytes],
    *,
    registered: "PublicKey | None" = None,
    reconnect_seconds: float = 5.0,
) -> "Iterator[Signer]":
    """A signer over the signing pair at an index of a device.

    Args:
        place: The library.
        index: Of the key.
        pin: Gives its password; asked for after the device answered.
        registered: The registered public key; None to take what the device exports now.
        reconnect_seconds: For how long signing is tried again after the device did not answer.

    Raises:
        CommandError: There is no such profile.
        KeyStoreError: The device refuses, or holds another key than the registered one.
    """
    from hsm_sim.return_codes import InputArgumentError
    from hsm_sim.sdf import IsolatedSdfSigner, SdfLibrary, SdfSigner, read_profile

    try:
        profile = read_profile(place.profile)
    except InputArgumentError as error:
        raise CommandError("key_store.bad_profile", profile=place.profile, detail=error.detail) from error
    if place.isolated is not None:
        seconds = place.isolated
        with IsolatedSdfSigner(place.path, place.profile, index, pin(), registered, seconds=seconds) as isolated:
            yield isolated
        return
    with SdfLibrary(place.path, profile) as library:
        if registered is None:
            with library.open_session() as session:
                registered = session.public_key(index)
        with SdfSigner(
            place.path, profile, index, pin(), registered, reconnect_seconds=reconnect_seconds
        ) as signer:
            yield signer
