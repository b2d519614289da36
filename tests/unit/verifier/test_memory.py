"""What is remembered is what would be computed anew."""

import threading

import pytest

from crypto import sm3
from formats.errors import MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt38540 import read_seal
from tests.unit.verifier.documents import seal_recipe, sealed, stored_zip
from tests.unit.verifier.nation import nation
from verifier.bounded_cache import BoundedCache
from verifier.memory import MAX_REMEMBERED_CERTIFICATE, Memory
from verifier.package_files import FileFacts, PackageFiles

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
    assert first["a.bin"] == second["other/b.bin"] == FileFacts(sm3(BIG), signature_like=False)
    assert len(memory.files) == 1


def test_changed_files_are_not_taken_for_remembered_ones() -> None:
    """One octet makes another file."""
    memory = Memory()
    changed = BIG[:-1] + b"\0"
    assert looked_at({"OFD.xml": b"<a/>", "a.bin": BIG}, memory)["a.bin"].digest == sm3(BIG)
    assert looked_at({"OFD.xml": b"<a/>", "a.bin": changed}, memory)["a.bin"].digest == sm3(changed)


def test_wrong_checksum_is_found_also_of_a_remembered_file() -> None:
    """The directory's checksum is part of what is remembered."""
    memory = Memory()
    data = stored_zip([("OFD.xml", b"<a/>"), ("a.bin", BIG)])
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
