"""The native engine's shared library, typed: what crypto/native/sm2.h offers, with octets in and out.

Every path of the library is called on its own, so that a test says which instructions it judges. Points are X || Y
(64 octets), signatures r || s (64 octets) unless a name says otherwise.
"""

import ctypes
import pathlib
from array import array
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_size_t, c_void_p
from functools import lru_cache
from typing import Any, NamedTuple

import pytest

from tests.native import build

PATH_NAMES = ("portable", "avx2", "ifma", "emulated")
_PRIVATE_KEY_LENGTH = 4 * 8 + 4 * 8 + 32


class _Path(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("lanes", c_size_t),
        ("table_size", c_size_t),
        ("base_multiply", CFUNCTYPE(None, c_char_p, c_char_p, c_size_t)),
        ("sign_with_nonces", CFUNCTYPE(None, c_char_p, c_char_p, c_char_p, c_void_p, c_char_p, c_size_t)),
        ("verify", CFUNCTYPE(None, c_char_p, c_void_p, c_size_t)),
        ("table_fill", CFUNCTYPE(None, c_void_p, c_char_p)),
        ("sm3_many", CFUNCTYPE(None, c_char_p, c_void_p, c_void_p, c_size_t)),
        ("sm3_last_blocks", CFUNCTYPE(None, c_char_p, c_void_p, c_char_p, c_size_t)),
    )


class PublicKey:
    """A checked point and, where asked for, its table on one path."""

    def __init__(self, point: bytes, path: "Path | None" = None) -> None:
        assert len(point) == 64
        # The structure and the point in one buffer; both must outlive every call.
        self._memory = ctypes.create_string_buffer(point, 72)
        table = 0
        if path is not None:
            self._table = ctypes.create_string_buffer(path.raw.table_size + 64)
            table = (ctypes.addressof(self._table) + 63) // 64 * 64
            path.raw.table_fill(table, point)
        self._memory[64:72] = table.to_bytes(8, "little")
        self.point = point
        self.address = ctypes.addressof(self._memory)


class Verification(NamedTuple):
    key: PublicKey
    digest: bytes
    signature: bytes


class Path:
    """One way of computing."""

    def __init__(self, library: Any, raw: Any) -> None:
        self._library, self.raw = library, raw
        self.name = raw.name.decode()

    def base_multiply(self, scalars: Sequence[bytes]) -> list[bytes]:
        out = ctypes.create_string_buffer(64 * len(scalars) + 1)
        self.raw.base_multiply(out, b"".join(scalars), len(scalars))
        return _cut(out.raw, 64, len(scalars))

    def sign_with_nonces(
        self, key: bytes, digests: Sequence[bytes], nonces: Sequence[bytes]
    ) -> list[bytes | None]:
        """Signatures; None where the nonce does not serve (then all octets must be zero)."""
        count = len(digests)
        out, ok = ctypes.create_string_buffer(b"\xaa" * 64 * count, 64 * count + 1), _room(count)
        _, places = _places(digests, 32)
        self.raw.sign_with_nonces(out, ok, key, places.buffer_info()[0], b"".join(nonces), count)
        signatures: list[bytes | None] = []
        for signature, flag in zip(_cut(out.raw, 64, count), ok.raw, strict=False):
            assert flag in {0, 1}
            assert flag or not any(signature), "a signature without its nonce is not zero"
            signatures.append(signature if flag else None)
        return signatures

    def sign(self, key: bytes, digests: Sequence[bytes], entropy: bytes) -> list[bytes]:
        out = ctypes.create_string_buffer(64 * len(digests) + 1)
        _, places = _places(digests, 32)
        self._library.sm2_sign(
            ctypes.addressof(self.raw), out, key, places.buffer_info()[0], len(digests), entropy
        )
        return _cut(out.raw, 64, len(digests))

    def verify(self, items: Sequence[tuple[PublicKey, bytes, bytes]]) -> list[bool]:
        """Answers, one octet each, judged to be 0 or 1."""
        room = ctypes.create_string_buffer(b"".join(digest + raw for _, digest, raw in items), 96 * len(items) + 1)
        start = ctypes.addressof(room)
        structures = array("Q")
        for number, (key, _, _) in enumerate(items):
            structures.extend((key.address, start + 96 * number, start + 96 * number + 32))
        answers = ctypes.create_string_buffer(b"\xaa" * len(items), len(items) + 1)
        self.raw.verify(answers, structures.buffer_info()[0], len(items))
        assert set(answers.raw[:-1]) <= {0, 1}
        return [flag == 1 for flag in answers.raw[:-1]]

    def sm3_many(self, messages: Sequence[bytes], prefixes: Sequence[bytes] | None = None) -> list[bytes]:
        out = ctypes.create_string_buffer(32 * len(messages) + 1)
        held, structures = _messages(messages)
        before, prefix_structures = _messages(prefixes or ())
        first = prefix_structures.buffer_info()[0] if prefixes is not None else None
        self.raw.sm3_many(out, first, structures.buffer_info()[0], len(messages))
        del held, before
        return _cut(out.raw, 32, len(messages))


class Library:
    """The library and its paths, by name; only those this processor can run."""

    def __init__(self, file: pathlib.Path) -> None:
        self._library = ctypes.CDLL(str(file))
        for name, result, arguments in (
            ("sm2_path_by_name", POINTER(_Path), [c_char_p]),
            ("sm2_private_key_load", c_int, [c_char_p, c_char_p]),
            ("sm2_sign", None, [c_void_p, c_char_p, c_char_p, c_void_p, c_size_t, c_char_p]),
            ("sm2_point_check", c_int, [c_char_p]),
            ("sm2_point_decompress", c_int, [c_char_p, c_char_p, c_int]),
            ("sm2_point_multiply", None, [c_char_p, c_char_p, c_char_p]),
            ("sm2_signature_from_der", c_int, [c_char_p, c_char_p, c_size_t]),
            ("sm2_signature_to_der", c_size_t, [c_char_p, c_char_p]),
            ("sm2_scalar_is_private", c_int, [c_char_p]),
            ("sm2_sign_finish", ctypes.c_uint8, [c_char_p, c_char_p, c_char_p, c_char_p, c_char_p]),
        ):
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._library.sm2_tables_prepare()
        self.paths: dict[str, Path] = {}
        for name in PATH_NAMES:
            if found := self._library.sm2_path_by_name(name.encode()):
                self.paths[name] = Path(self._library, found.contents)

    def path_or_skip(self, name: str) -> Path:
        if name not in self.paths:
            pytest.skip(f"this processor cannot run the path {name}")
        return self.paths[name]

    def private_key(self, scalar: bytes) -> bytes | None:
        """A loaded key, or None if it is refused."""
        key = ctypes.create_string_buffer(_PRIVATE_KEY_LENGTH)
        loads, judged = (
            self._library.sm2_private_key_load(key, scalar),
            self._library.sm2_scalar_is_private(scalar),
        )
        assert loads == judged
        assert loads or not any(key.raw), "a refused key leaves octets behind"
        return key.raw if loads else None

    def sign_finish(self, key: bytes, digest: bytes, nonce: int, x1: int) -> bytes | None:
        """The step of signing after the curve, for an x1 that no known nonce has."""
        out = ctypes.create_string_buffer(64)
        words = [value.to_bytes(32, "little") for value in (nonce, x1)]
        return out.raw if self._library.sm2_sign_finish(out, key, digest, *words) else None

    def point_check(self, point: bytes) -> bool:
        return bool(self._library.sm2_point_check(point))

    def point_decompress(self, x: bytes, sign: int) -> bytes | None:
        out = ctypes.create_string_buffer(64)
        return out.raw if self._library.sm2_point_decompress(out, x, sign) else None

    def point_multiply(self, point: bytes, scalar: bytes) -> bytes:
        out = ctypes.create_string_buffer(64)
        self._library.sm2_point_multiply(out, point, scalar)
        return out.raw

    def signature_from_der(self, der: bytes) -> bytes | None:
        out = ctypes.create_string_buffer(64)
        return out.raw if self._library.sm2_signature_from_der(out, der, len(der)) else None

    def signature_to_der(self, raw: bytes) -> bytes:
        out = ctypes.create_string_buffer(72)
        length = self._library.sm2_signature_to_der(out, raw)
        return out.raw[:length]


@lru_cache
def _load(variant: build.Variant) -> Library | str:
    try:
        return Library(build.library(variant))
    except build.NotBuiltError as error:
        return str(error)


def load_or_skip(variant: build.Variant = build.RELEASE) -> Library:
    """Build and open the library, or skip the test that asked, with the reason."""
    loaded = _load(variant)
    if isinstance(loaded, str):
        pytest.skip(loaded)
    return loaded


def _room(length: int) -> Any:
    return ctypes.create_string_buffer(b"\xaa" * length, length)


def _cut(octets: bytes, size: int, count: int) -> list[bytes]:
    return [octets[size * i : size * i + size] for i in range(count)]


def _places(pieces: Sequence[bytes], size: int) -> tuple[Any, "array[int]"]:
    """Octets of equal length side by side, and the address of each."""
    room = ctypes.create_string_buffer(b"".join(pieces), size * len(pieces) + 1)
    start = ctypes.addressof(room)
    places = array("Q", range(start, start + size * len(pieces), size)) if pieces else array("Q")
    return room, places


def _messages(messages: Sequence[bytes]) -> tuple[list[Any], "array[int]"]:
    """Structures {octets, length}, and what keeps the octets alive. Each message ends where its memory ends."""
    held = [ctypes.create_string_buffer(message, len(message)) if message else None for message in messages]
    structures = array("Q")
    for memory, message in zip(held, messages, strict=True):
        structures.extend((ctypes.addressof(memory) if memory is not None else 0, len(message)))
    return held, structures
