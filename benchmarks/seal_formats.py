"""Reading and building seal signatures and signed data, microseconds each, on the published v4 vector."""

import json
import timeit
from collections.abc import Callable
from pathlib import Path

from formats.gbt35275 import assemble_signed_data, read_signed_data, signed_attributes
from formats.gbt38540 import (
    Generation,
    assemble_seal_signature,
    read_seal,
    read_seal_signature,
    tbs_sign,
)

VECTOR = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "gbt38540" / "complete_v4.json"


def microseconds(action: Callable[[], object], number: int = 4000) -> float:
    """The best of five rounds, microseconds a call."""
    return min(timeit.repeat(action, number=number, repeat=5)) / number * 1e6


def run(record: Callable[..., None]) -> None:
    """Read and build a v4 seal signature, read its seal, read and build signed data of shape B."""
    data = bytes.fromhex("".join(json.loads(VECTOR.read_text("utf-8"))["der"]))
    value = read_seal_signature(data)
    at = value.time_info
    assert at is not None

    def build() -> bytes:
        tbs = tbs_sign(Generation.V4, value.seal.encoded, at, value.data_hash, value.property_info)
        return assemble_seal_signature(Generation.V4, tbs, value.signer_certificate, value.signature)

    assert build() == data

    def build_signed_data() -> bytes:
        attributes = signed_attributes(value.data_hash, at)
        return assemble_signed_data(
            attributes=attributes, signature=value.signature, signer_certificate=value.signer_certificate
        )

    signed = build_signed_data()
    record("seal signature v4: read", microseconds(lambda: read_seal_signature(data)), "µs")
    record("seal signature v4: build", microseconds(build), "µs")
    record("seal v4: read", microseconds(lambda: read_seal(value.seal.encoded)), "µs")
    record("signed data, attributes: read", microseconds(lambda: read_signed_data(signed)), "µs")
    record("signed data, attributes: build", microseconds(build_signed_data), "µs")
