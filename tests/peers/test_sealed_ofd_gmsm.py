"""Certificates, revocation lists, seal signatures and signed data judged in Go, over gmsm.

gmsm shares no code with our engines, and Go's encoding/asn1 is one more decoder and encoder of what we write.
"""

import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest

from api.nation.building import person_name
from ca.model import IssuanceRequest, Possession, SerialNumber
from crypto import PrivateKey
from formats.gbt20518 import RevocationReason, Validity, read_certificate
from formats.gbt35275 import Shape
from formats.gbt38540 import Generation, read_seal_signature
from tests.peers.gmsm import Ask
from tests.peers.ofd_documents import face_of, pages, signed
from tests.peers.ofd_nation import OfdNation, build_ofd_nation

pytestmark = pytest.mark.peer

SIGNS = "Doc_0/Signs/Sign_0/"


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfdNation]:
    built = build_ofd_nation(tmp_path_factory.mktemp("nation"))
    yield built
    built.close()


def _parts(document: bytes) -> tuple[bytes, bytes]:
    """Signature.xml and the value over it."""
    with zipfile.ZipFile(BytesIO(document)) as archive:
        return archive.read(f"{SIGNS}Signature.xml"), archive.read(f"{SIGNS}SignedValue.dat")


def _spoiled(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


# ---------------------------------------------------------------- certificates and lists


def test_path_of_a_holder_is_accepted(nation: OfdNation, ask: Ask) -> None:
    """A holder's path to the root verifies in time, names and usages, and says what we read of it."""
    holder = read_certificate(nation.seal("market").certificate)
    path = [holder.encoded, nation.authority.certificate.encoded, nation.root.certificate.encoded]
    answer = ask("path", certificates=path, at=nation.now.isoformat())
    facts = answer["facts"]
    assert answer["refused"] == ""
    assert facts["serial"] == str(holder.serial_number)
    assert facts["subject"] == holder.subject.common_name
    assert facts["points"] == ["http://crl.test/region.crl"]
    assert (facts["isCA"], facts["unhandled"], facts["keyUsage"]) == (False, 0, 3)


def test_broken_paths_are_refused(nation: OfdNation, ask: Ask) -> None:
    """Out of time, without the authority between, or with a spoiled signature: refused."""
    path = [nation.seal("market").certificate, nation.authority.certificate.encoded]
    root = nation.root.certificate.encoded
    late = (nation.now + timedelta(days=5000)).isoformat()
    assert "expired" in ask("path", certificates=[*path, root], at=late)["refused"]
    at = nation.now.isoformat()
    assert ask("path", certificates=[path[0], root], at=at)["refused"]
    assert ask("path", certificates=[_spoiled(path[0]), path[1], root], at=at)["refused"]


def test_revocation_list_is_accepted(nation: OfdNation, ask: Ask) -> None:
    """Our list verifies under its authority alone and names the revoked certificate."""
    certificate = nation.authority.issue(
        IssuanceRequest(
            key="to-be-revoked",
            profile="seal-holder",
            subject=person_name("东岚市测试局", "东岚市测试局电子公章"),
            public_key=PrivateKey.generate().public_key,
            validity=Validity(nation.now, nation.now + timedelta(days=100)),
            possession=Possession.VOUCHED,
            credit_code=nation.region.departments["market"].code,
        ),
        actor="registration-desk",
    )
    nation.authority.revoke(
        SerialNumber(certificate.serial_number), RevocationReason.KEY_COMPROMISE, actor="registration-desk"
    )
    crl = nation.authority.publish_crl(actor="operator").encoded
    authority, root = nation.authority.certificate.encoded, nation.root.certificate.encoded
    answer = ask("crl", data=crl, certificates=[authority], at=nation.now.isoformat())
    assert answer["refused"] == ""
    assert answer["facts"] == {"revoked": [str(certificate.serial_number)], "expired": False}
    assert ask("crl", data=crl, certificates=[root], at=nation.now.isoformat())["refused"]
    assert ask("crl", data=_spoiled(crl), certificates=[authority], at=nation.now.isoformat())["refused"]


# ---------------------------------------------------------------- signature values


@pytest.mark.parametrize("generation", [Generation.V4, Generation.V5])
def test_seal_signature_is_accepted(generation: Generation, nation: OfdNation, ask: Ask) -> None:
    """Seal, seal signature, dataHash and list of holders hold; Go encodes the value to the same octets."""
    face = face_of(nation, "real-estate-title")
    original, value = _parts(face.sealed(nation, nation.seal(face.department, generation=generation)))
    answer = ask("seal signature", data=value, message=original)
    assert answer["refused"] == ""
    seal = read_seal_signature(value).seal
    assert answer["facts"] == {
        "version": 4 if generation is Generation.V4 else 5,
        "name": seal.property.name,
        "id": seal.seal_id,
        "time": nation.now.isoformat().replace("+00:00", "Z"),
        "path": f"/{SIGNS}Signature.xml",
        "sameBytes": True,
    }
    assert "dataHash" in ask("seal signature", data=value, message=original + b" ")["refused"]
    assert "seal signature" in ask("seal signature", data=_spoiled(value), message=original)["refused"]
    maker_signature = seal.signature
    spoiled = value.replace(maker_signature, _spoiled(maker_signature))
    assert ask("seal signature", data=spoiled, message=original)["refused"]


@pytest.mark.parametrize("shape", [Shape.DIGEST, Shape.ATTRIBUTES])
def test_signed_data_is_accepted(shape: Shape, nation: OfdNation, ask: Ask) -> None:
    """GB/T 35275 in both shapes: the digest stated, the signer named, the signature."""
    original, value = _parts(signed(nation, pages(1)[0], nation.seal("land"), shape))
    answer = ask("signed data", data=value, message=original)
    assert answer["refused"] == ""
    assert answer["facts"] == {"type": "1.2.156.10197.6.1.4.2.2", "attributes": shape is Shape.ATTRIBUTES}
    assert ask("signed data", data=value, message=original + b" ")["refused"]
    assert ask("signed data", data=_spoiled(value), message=original)["refused"]


@pytest.mark.parametrize("department", ["market", "land", "hospital"])
def test_picture_of_a_seal_is_decoded(department: str, nation: OfdNation, ask: Ask) -> None:
    """Go's own decoder reads the picture, in the proportions the seal states."""
    picture = nation.seals[department].picture
    answer = ask("png", data=picture.data)
    assert answer["refused"] == ""
    proportion = answer["facts"]["width"] / answer["facts"]["height"]
    assert abs(proportion - picture.width_mm / picture.height_mm) < 0.02
    assert ask("png", data=picture.data[:-20])["refused"]
