"""Small files that ask for much work: each is refused or judged within a bound that does not grow with the attack."""

import json
import re
import time
from collections.abc import Callable

import pytest

from formats import oids
from formats.errors import LimitExceededError
from formats.gbt20518 import Name
from tests.unit.verifier.documents import (
    Entries,
    Recipe,
    codes,
    document,
    seal_recipe,
    sealed,
    stored_zip,
    verified,
)
from tests.unit.verifier.nation import BUREAU, holder_extensions, issue, name
from tests.unit.verifier.test_twins import LIST, SIGNATURE
from verifier.codes import Code
from verifier.findings import Verdict

SECONDS = 20.0
"""Far above what each case takes on a slow machine, far below what it took before its bound."""


def within(call: Callable[[], object]) -> None:
    start = time.perf_counter()
    call()
    assert time.perf_counter() - start < SECONDS


def listed(entries: Entries, times: int) -> Entries:
    """The one signature listed so many times more."""
    more = "".join(f'<ofd:Signature ID="x{n}" BaseLoc="/{SIGNATURE}"/>' for n in range(times))
    return {**entries, LIST: entries[LIST].replace(b"</ofd:Signatures>", f"{more}</ofd:Signatures>".encode())}


def referenced(entries: Entries, times: int) -> Entries:
    """The first reference repeated so many times."""
    text = entries[SIGNATURE].decode()
    found = re.search(r"<ofd:Reference .*?</ofd:Reference>", text)
    assert found
    more = found.group() * times
    return {**entries, SIGNATURE: text.replace("</ofd:References>", f"{more}</ofd:References>").encode()}


def bodies(entries: Entries, times: int) -> Entries:
    """So many more document bodies, all with the same list of signatures."""
    body = f"<ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>/{LIST}</ofd:Signatures></ofd:DocBody>"
    main = entries["OFD.xml"].replace(b"</ofd:OFD>", f"{body * times}</ofd:OFD>".encode())
    return {**entries, "OFD.xml": main}


def test_bodies_times_signatures() -> None:
    """Every body may name the same list: signatures are counted over the whole package, so the product is bounded."""
    attack = bodies(listed(sealed(), 250), 20_000)

    def refused() -> None:
        with pytest.raises(LimitExceededError, match="more than 256 signatures"):
            verified(attack)

    within(refused)


def test_signatures_times_references() -> None:
    """A Signature.xml named by every entry of the list is read once."""
    attack = referenced(listed(sealed(), 250), 15_000)

    def failed() -> None:
        report = verified(attack)
        assert report.verdict is Verdict.FAILED
        assert {Code.SIGNATURE_LISTED_TWICE, Code.SIGNATURES_TOO_MANY} <= codes(report)

    within(failed)


@pytest.mark.parametrize("method", ["1.2.156.10197.1.401", "MD5", "SHA1", "SHA256"])
def test_references_times_size(method: str) -> None:
    """A large file that ten thousand references name is digested once, under whatever algorithm they state."""
    large = "Doc_0/large.dat"
    entries = {**sealed(), large: bytes(8 << 20)}
    reference = f'<ofd:Reference FileRef="/{large}"><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference>'
    text = entries[SIGNATURE].decode().replace("1.2.156.10197.1.401", method)
    entries[SIGNATURE] = text.replace("</ofd:References>", f"{reference * 10_000}</ofd:References>").encode()
    within(lambda: verified(stored(entries)))


def stored(entries: Entries) -> bytes:
    """Stored, so that the ratio of sizes does not refuse it first."""
    return stored_zip(list(entries.items()))


def test_report_of_endless_names() -> None:
    """Names of a million characters, in seals and certificates, are cut in reports: these stay small."""
    stranger = issue(name("陌生"), None, extra=holder_extensions(BUREAU))
    long = Name.build([(oids.COUNTRY, "CN"), *((oids.ORGANIZATIONAL_UNIT, "\u202e" * 256) for _ in range(60))])
    nobody = issue(long, stranger)
    entries = document(())
    for _ in range(4):
        entries = Recipe(holder=nobody, seal=seal_recipe(name="印" * 1_000_000)).apply(entries)
    report = verified(entries)
    assert report.verdict is Verdict.FAILED
    assert len(json.dumps(report.to_dict())) < 100_000


def test_report_of_endless_paths() -> None:
    """A path or an id of a million characters in the list of signatures is cut, though every finding names it."""
    entries = sealed(())
    long = "x" * 1_000_000
    more = f'<ofd:Signature ID="{long}" BaseLoc="/{long}"/><ofd:Signature ID="s2" Relative="{long}" BaseLoc="/y"/>'
    entries[LIST] = entries[LIST].replace(b"</ofd:Signatures>", f"{more}</ofd:Signatures>".encode())
    report = verified(entries)
    assert report.verdict is Verdict.FAILED
    assert len(json.dumps(report.to_dict())) < 100_000
