"""What is remembered is what would be computed anew."""

import threading
from dataclasses import replace

import pytest

from crypto import DEFAULT_USER_ID, message_digest, sm3
from formats.errors import MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt38540 import Seal, read_seal, read_seal_signature
from tests.unit.verifier.documents import seal_recipe, sealed, stored_zip
from tests.unit.verifier.nation import nation
from verifier.bounded_cache import BoundedCache
from verifier.memory import MAX_REMEMBERED_CERTIFICATE, Memory
from verifier.package_files import PackageFiles
from verifier.shared_files import FileFacts, SharedFiles

N = nation()
BIG = b"".join(sm3(bytes([number])) for number in range(200))  # nothing a compressor can shorten


def looked_at(entries: dict[str, bytes], memory: Memory) -> dict[str, FileFacts]:
    data = write_package(entries)
    files = PackageFiles(OfdPackage.open(data), data, memory.files)
    return {name: files.facts(name) for name in entries}


def test_cache_is_bounded_and_forgets_the_longest_unused() -> None:
    """What is asked for stays."""
    cache: BoundedCache[int, int] = BoundedCache(2)
    for key in (1, 2, 1, 3):
        assert cache.get(key, lambda key=key: key * 10) == key * 10  # type: ignore[misc]
    assert len(cache) == 2
    assert cache.get(1, lambda: 0) == 10
    assert cache.get(2, lambda: 0) == 0
    with pytest.raises(ValueError, match="at least one"):
        BoundedCache(0)


def test_cache_does_not_remember_errors() -> None:
    """A failure is found anew each time."""
    cache: BoundedCache[int, int] = BoundedCache(2)

    def fail() -> int:
        raise MalformedDataError("no")

    for _ in range(2):
        with pytest.raises(MalformedDataError):
            cache.get(1, fail)
    assert cache.get(1, lambda: 5) == 5


def test_threads_get_one_result() -> None:
    """Also when two compute it at once."""
    cache: BoundedCache[int, object] = BoundedCache(4)
    barrier = threading.Barrier(4)
    found: list[object] = []

    def compute() -> object:
        barrier.wait(5)
        return object()

    threads = [threading.Thread(target=lambda: found.append(cache.get(1, compute))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_files_are_what_they_are() -> None:
    """Digests from memory equal digests of the octets, under whatever name."""
    memory = Memory()
    first = looked_at({"OFD.xml": b"<a/>", "a.bin": BIG}, memory)
    second = looked_at({"OFD.xml": b"<a/>", "other/b.bin": BIG}, memory)
    third = looked_at({"OFD.xml": b"<a/>", "c.bin": BIG}, memory)
    assert first["a.bin"] == second["other/b.bin"] == FileFacts(sm3(BIG), signature_like=False)
    assert third["c.bin"] is second["other/b.bin"]


def test_files_of_one_document_alone_are_not_kept() -> None:
    """A file is kept when it is met again: what only one licence holds is gone with it."""
    memory = Memory()
    looked_at({"OFD.xml": b"<a/>", "a.bin": BIG}, memory)
    assert len(memory.files) == 0
    looked_at({"OFD.xml": b"<a/>", "a.bin": BIG}, memory)
    assert len(memory.files) == 1


def test_shared_files_are_bounded() -> None:
    """Those not met for longest go first; what is let go is computed anew."""
    memory = Memory(files=2)
    documents = [{"OFD.xml": b"<a/>", "a.bin": BIG[: 1000 * number]} for number in (2, 3, 4)]
    for document in documents:
        for _ in range(3):
            assert looked_at(document, memory)["a.bin"].digest == sm3(document["a.bin"])
        assert len(memory.files) <= 2
    assert looked_at(documents[0], memory)["a.bin"].digest == sm3(documents[0]["a.bin"])
    with pytest.raises(ValueError, match="at least one"):
        SharedFiles(0)


def test_files_that_state_the_same_are_compared_in_full() -> None:
    """Method, sizes and checksum are equal and the octets are not: each has its own digest, none is believed."""
    memory = Memory()
    twin = BIG[:100] + bytes(4) + BIG[104:]
    first, second = (stored_zip([("OFD.xml", b"<a/>"), ("a.bin", octets)]) for octets in (BIG, twin))
    checksum = OfdPackage.open(first).entries["a.bin"].checksum.to_bytes(4, "little")
    forged = second.replace(OfdPackage.open(second).entries["a.bin"].checksum.to_bytes(4, "little"), checksum)
    for _ in range(3):
        assert PackageFiles(OfdPackage.open(first), first, memory.files).facts("a.bin").digest == sm3(BIG)
    with pytest.raises(MalformedDataError, match="checksum"):
        PackageFiles(OfdPackage.open(forged), forged, memory.files).facts("a.bin")


def test_changed_files_are_not_taken_for_remembered_ones() -> None:
    """One octet makes another file."""
    memory = Memory()
    changed = BIG[:-1] + b"\0"
    for _ in range(3):
        assert looked_at({"OFD.xml": b"<a/>", "a.bin": BIG}, memory)["a.bin"].digest == sm3(BIG)
    assert looked_at({"OFD.xml": b"<a/>", "a.bin": changed}, memory)["a.bin"].digest == sm3(changed)


def test_wrong_checksum_is_found_also_of_a_remembered_file() -> None:
    """The directory's checksum is part of what is remembered."""
    memory = Memory()
    data = stored_zip([("OFD.xml", b"<a/>"), ("a.bin", BIG)])
    for _ in range(2):
        good = PackageFiles(OfdPackage.open(data), data, memory.files)
        assert good.facts("a.bin").digest == sm3(BIG)
    checksum = OfdPackage.open(data).entries["a.bin"].checksum.to_bytes(4, "little")
    damaged = data.replace(checksum, bytes(4))
    bad = PackageFiles(OfdPackage.open(damaged), damaged, memory.files)
    for _ in range(2):
        with pytest.raises(MalformedDataError, match="checksum"):
            bad.facts("a.bin")


def test_missing_files_are_told() -> None:
    """No such entry."""
    data = stored_zip([("OFD.xml", b"<a/>")])
    with pytest.raises(MalformedDataError):
        PackageFiles(OfdPackage.open(data), data, Memory().files).facts("b.xml")


def test_signature_files_are_recognised() -> None:
    """By what they hold, not by their name; XML-DSig is something else."""
    entries = sealed(())
    signature = entries["Doc_0/Signs/Sign_0/Signature.xml"]
    dsig = b"<ds:Signature><ds:SignedInfo><ds:Reference/></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"
    found = looked_at(
        {
            "OFD.xml": b"<a/>",
            "s": signature,
            "b": b"\xef\xbb\xbf \n" + signature,
            "d": dsig,
            "t": b"x" + signature,
        },
        Memory(),
    )
    assert {name: each.signature_like for name, each in found.items() if name != "OFD.xml"} == {
        "s": True,
        "b": True,
        "d": False,
        "t": False,
    }


def test_seals_are_remembered_by_octets_and_maker() -> None:
    """The same seal under another maker's key is another question."""
    memory = Memory()
    seal = read_seal(seal_recipe().make(N, N.bureau))
    maker, other = N.maker.key.public_key, N.bureau.key.public_key
    for _ in range(2):
        assert memory.seal_signature_holds(seal, maker) is True
        assert memory.seal_signature_holds(seal, other) is False


def test_certificates_are_decoded_once_and_refused_each_time() -> None:
    """A certificate that does not decode stays one; large ones are not kept."""
    memory = Memory(certificates=4)
    encoded = N.bureau.certificate.encoded
    assert memory.certificate(encoded) is memory.certificate(encoded)
    errors = []
    for data in (b"\x30\x00", bytes(MAX_REMEMBERED_CERTIFICATE + 1)) * 2:
        with pytest.raises(MalformedDataError) as caught:
            memory.certificate(data)
        errors.append(caught.value)
    assert len(set(map(id, errors))) == 4
    assert memory.party(None) is None
    assert memory.party(N.bureau.certificate) is memory.party(N.bureau.certificate)


def test_seals_are_decoded_once() -> None:
    """Signatures under one seal share the decoded seal; a seal that differs in one octet is its own."""
    memory = Memory()
    value = sealed(())["Doc_0/Signs/Sign_0/SignedValue.dat"]
    first = memory.seal_signature(value)
    assert first.seal is memory.seal_signature(value).seal
    assert first == read_seal_signature(value)
    seal = first.seal.encoded
    at = seal.index(b"ES") + 20
    changed = seal[:at] + bytes([seal[at] ^ 1]) + seal[at + 1 :]
    assert changed != seal
    for _ in range(2):
        assert memory.shared_seals.read(b"--" + changed, 2, 2 + len(seal), lambda: _with(first.seal, changed)) == (
            _with(first.seal, changed)
        )
        assert memory.shared_seals.read(seal, 0, len(seal), lambda: _with(first.seal, b"")) is first.seal


def _with(seal: Seal, encoded: bytes) -> Seal:
    return replace(seal, encoded=encoded)


def test_signed_digest_is_that_of_all_octets() -> None:
    """From memory or not, for every key: SM3 over Z and the whole of TBS_Sign."""
    memory = Memory()
    value = memory.seal_signature(sealed(())["Doc_0/Signs/Sign_0/SignedValue.dat"])
    elsewhere = replace(value, to_sign=bytes(40) + value.to_sign)
    longer = replace(value, to_sign=value.to_sign + b"\0")
    for key in (N.bureau.key.public_key, N.maker.key.public_key) * 2:
        for each in (value, elsewhere, longer):
            expected = message_digest(key, each.to_sign, user_id=DEFAULT_USER_ID)
            assert memory.shared_seals.signed_digest(each, key) == expected
    assert memory.seal_signature_value_holds(value, N.bureau.key.public_key) is True
    assert memory.seal_signature_value_holds(value, N.maker.key.public_key) is False
    assert memory.seal_signature_value_holds(longer, N.bureau.key.public_key) is False
