"""Custody: what is true of any secret, and of any octets that are handed in."""

import hashlib
import itertools
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from api.ceremony.transcript import read_transcript
from formats.errors import MalformedDataError
from hsm_sim.custody.backups import read_header
from hsm_sim.custody.log_files import LogFileError, read_log
from hsm_sim.custody.secret_sharing import join, split
from hsm_sim.custody.shares import Custodian, ShareCredential, ShareFile, join_credentials, new_set
from hsm_sim.return_codes import BackupError, ShareError

SECRETS = st.binary(min_size=32, max_size=32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=12,
)


def source(seed: bytes):
    """Octets that differ from call to call and follow from the seed."""
    count = itertools.count()
    return lambda length: hashlib.shake_256(seed + next(count).to_bytes(4, "big")).digest(length)


@settings(max_examples=40)
@given(SECRETS, st.binary(min_size=4, max_size=4), st.integers(2, 6), st.data())
def test_any_quorum_gives_any_secret_back(secret, seed, count, data):
    """Every subset of the threshold's size or above; one share fewer gives something else."""
    threshold = data.draw(st.integers(2, count))
    shares = split(secret, threshold, count, random=source(seed))
    chosen = data.draw(st.lists(st.sampled_from(sorted(shares)), min_size=threshold, max_size=count, unique=True))
    assert join({x: shares[x] for x in chosen}) == secret
    assert join({x: shares[x] for x in sorted(shares)[: threshold - 1]}) != secret


@settings(max_examples=15)
@given(SECRETS, st.binary(min_size=4, max_size=4), st.data())
def test_any_altered_octet_of_a_share_file_is_told(secret, seed, data):
    """Whichever octet of the file is changed, joining says so or the file means the same."""
    custodians = [Custodian("chen", b"passphrase chen"), Custodian("liu", b"passphrase liu")]
    _, files = new_set(secret, 2, custodians, iterations=1000, random=source(seed))
    good = files[0].to_json()
    at = data.draw(st.integers(0, len(good) - 1))
    altered = good[:at] + bytes((data.draw(st.integers(0, 255)),)) + good[at + 1 :]
    handed = [
        ShareCredential(altered, b"passphrase chen"),
        ShareCredential(files[1].to_json(), b"passphrase liu"),
    ]
    try:
        joined = join_credentials(handed)[1]
    except ShareError:
        return
    assert joined == secret
    assert ShareFile.from_json(altered) == files[0]


@settings(max_examples=60)
@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_octets_end_in_the_error_of_their_reader(octets):
    """Share files, backups, logs and transcripts: nothing but the one kind of error each."""
    for read, error in (
        (ShareFile.from_json, ShareError),
        (read_header, BackupError),
        (lambda data: read_header(b"XKB1" + data), BackupError),
        (lambda data: read_log(data.splitlines(keepends=True)), LogFileError),
        (lambda data: read_transcript(data + b"\n"), MalformedDataError),
    ):
        try:
            read(octets)
        except error:
            continue
        raise AssertionError(f"{read} took {octets!r}")
