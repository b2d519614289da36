"""Commands for session keys, agreements and the keys that wrap them."""

from dataclasses import dataclass
from typing import Annotated, Final

from hsm_sim.commands import U32, U64, Command, Done, Request
from hsm_sim.encoding import Fixed, ListOf, Nested, Octets, Text
from hsm_sim.model import MAX_LABEL

MAX_WRAPPED: Final = 256
"""Octets of a wrapped session key: DER SM2Cipher, or under a KEK."""
MAX_USER_ID: Final = 8191
MAX_KEK_PAGE: Final = 1024
_POINT: Final = Fixed(65)
_WRAPPED: Final = Octets(MAX_WRAPPED)
_USER_ID: Final = Octets(MAX_USER_ID)


@dataclass(frozen=True, slots=True)
class KeyHandle:
    """A session key, by the number the device gave it."""

    handle: Annotated[int, U64]


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A new session key: its number, and the key wrapped for whoever is to have it too."""

    handle: Annotated[int, U64]
    wrapped: Annotated[bytes, _WRAPPED]


@dataclass(frozen=True, slots=True)
class AgreementData:
    """One side of a key exchange: its number, the lasting and the fleeting public key."""

    handle: Annotated[int, U64]
    public_key: Annotated[bytes, _POINT]
    fleeting_key: Annotated[bytes, _POINT]


@dataclass(frozen=True, slots=True)
class KekInfo:
    """What is public about a key-encrypting key."""

    index: Annotated[int, U32]
    bits: Annotated[int, U32]
    label: Annotated[str, Text(MAX_LABEL)]
    created: Annotated[int, U64]
    """Microseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class KekList:
    """All of them, by index."""

    keys: Annotated[tuple[KekInfo, ...], ListOf(Nested(KekInfo), MAX_KEK_PAGE)]


@dataclass(frozen=True, slots=True)
class GenerateKeyWithIpk(Request[WrappedKey]):
    """SDF_GenerateKeyWithIPK_ECC: wrapped under the encryption pair's public key at an index."""

    index: Annotated[int, U32]
    bits: Annotated[int, U32]
    command = Command.GENERATE_KEY_WITH_IPK
    reply = WrappedKey


@dataclass(frozen=True, slots=True)
class GenerateKeyWithEpk(Request[WrappedKey]):
    """SDF_GenerateKeyWithEPK_ECC: wrapped under a public key from outside."""

    bits: Annotated[int, U32]
    algorithm: Annotated[int, U32]
    public_key: Annotated[bytes, _POINT]
    command = Command.GENERATE_KEY_WITH_EPK
    reply = WrappedKey


@dataclass(frozen=True, slots=True)
class GenerateKeyWithKek(Request[WrappedKey]):
    """SDF_GenerateKeyWithKEK: wrapped under a key-encrypting key."""

    bits: Annotated[int, U32]
    algorithm: Annotated[int, U32]
    kek_index: Annotated[int, U32]
    command = Command.GENERATE_KEY_WITH_KEK
    reply = WrappedKey


@dataclass(frozen=True, slots=True)
class ImportKeyWithIsk(Request[KeyHandle]):
    """SDF_ImportKeyWithISK_ECC: open a DER SM2Cipher with the encryption pair; wants the right to the index."""

    index: Annotated[int, U32]
    wrapped: Annotated[bytes, _WRAPPED]
    command = Command.IMPORT_KEY_WITH_ISK
    reply = KeyHandle


@dataclass(frozen=True, slots=True)
class ImportKeyWithKek(Request[KeyHandle]):
    """SDF_ImportKeyWithKEK."""

    algorithm: Annotated[int, U32]
    kek_index: Annotated[int, U32]
    wrapped: Annotated[bytes, _WRAPPED]
    command = Command.IMPORT_KEY_WITH_KEK
    reply = KeyHandle


@dataclass(frozen=True, slots=True)
class DestroyKey(Request[Done]):
    """SDF_DestroyKey: a session key, or an agreement that is given up."""

    handle: Annotated[int, U64]
    command = Command.DESTROY_KEY
    reply = Done


@dataclass(frozen=True, slots=True)
class GenerateAgreementData(Request[AgreementData]):
    """SDF_GenerateAgreementDataWithECC: begin a key exchange with the encryption pair at an index."""

    index: Annotated[int, U32]
    bits: Annotated[int, U32]
    user_id: Annotated[bytes, _USER_ID]
    command = Command.GENERATE_AGREEMENT_DATA
    reply = AgreementData


@dataclass(frozen=True, slots=True)
class GenerateKeyWithAgreement(Request[KeyHandle]):
    """SDF_GenerateKeyWithECC: finish an exchange with what the responder sent; the agreement is used up."""

    handle: Annotated[int, U64]
    user_id: Annotated[bytes, _USER_ID]
    """The responder's."""
    public_key: Annotated[bytes, _POINT]
    fleeting_key: Annotated[bytes, _POINT]
    command = Command.GENERATE_KEY_WITH_AGREEMENT
    reply = KeyHandle


@dataclass(frozen=True, slots=True)
class GenerateAgreementDataAndKey(Request[AgreementData]):
    """SDF_GenerateAgreementDataAndKeyWithECC: answer an exchange; the reply's number is the session key's."""

    index: Annotated[int, U32]
    bits: Annotated[int, U32]
    user_id: Annotated[bytes, _USER_ID]
    """This side's, the responder's."""
    sponsor_id: Annotated[bytes, _USER_ID]
    sponsor_key: Annotated[bytes, _POINT]
    sponsor_fleeting_key: Annotated[bytes, _POINT]
    command = Command.GENERATE_AGREEMENT_DATA_AND_KEY
    reply = AgreementData


@dataclass(frozen=True, slots=True)
class Envelope:
    """A session key wrapped for another; DER SM2Cipher."""

    wrapped: Annotated[bytes, _WRAPPED]


@dataclass(frozen=True, slots=True)
class ExchangeDigitEnvelope(Request[Envelope]):
    """SDF_ExchangeDigitEnvelopeBaseOnECC (2012): unwrap with the pair at an index, wrap for a public key."""

    index: Annotated[int, U32]
    algorithm: Annotated[int, U32]
    public_key: Annotated[bytes, _POINT]
    wrapped: Annotated[bytes, _WRAPPED]
    command = Command.EXCHANGE_DIGIT_ENVELOPE
    reply = Envelope


@dataclass(frozen=True, slots=True)
class GenerateKek(Request[KekInfo]):
    """Make a key-encrypting key of 128 bits at an index of its own number space. For officers."""

    index: Annotated[int, U32]
    label: Annotated[str, Text(MAX_LABEL)]
    command = Command.GENERATE_KEK
    reply = KekInfo


@dataclass(frozen=True, slots=True)
class DestroyKek(Request[Done]):
    """Destroy a key-encrypting key. For officers."""

    index: Annotated[int, U32]
    command = Command.DESTROY_KEK
    reply = Done


@dataclass(frozen=True, slots=True)
class ListKeks(Request[KekList]):
    """All key-encrypting keys."""

    command = Command.LIST_KEKS
    reply = KekList
    repeatable = True
