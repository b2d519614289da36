"""What ``crypto.Signer`` promises, asked of every kind there is (``tests/conformance/signers.py``)."""

import threading
from dataclasses import replace
from itertools import count

import pytest

from crypto import (
    DEFAULT_USER_ID,
    GuardedSigner,
    KeyStoreError,
    PrivateKey,
    engines,
    sign_message,
    verify,
    verify_digest,
    verify_many,
)
from crypto.encoding import split_signature
from crypto.errors import EngineUnavailableError
from hsm_sim.return_codes import AccessRightError, KeyFaultError
from tests.conformance.signers import KINDS, Place

E = bytes(range(32))
MESSAGE = "电子印章".encode()
_indexes = count(2000)


@pytest.fixture(scope="module")
def place(running_store, built, tmp_path_factory):
    """A right password and a rightly registered key; vendors' libraries find the key store by the environment."""
    store = running_store
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XINYIN_SDF_SOCKET", str(store.socket))
        yield Place(store, built, 1, store.password, store.sign_key, tmp_path_factory.mktemp("signers"))


def kinds(wanted):
    return [
        pytest.param(kind, id=name, marks=[pytest.mark.slow] if kind.slow else [])
        for name, kind in KINDS.items()
        if wanted(kind)
    ]


@pytest.fixture(scope="module", params=kinds(lambda kind: True))
def signer(request, place):
    with request.param.open(place) as opened:
        yield opened


def test_a_message_is_signed(signer):
    """What is signed verifies under the signer's own public key and identity, and under no other identity."""
    signature = sign_message(signer, MESSAGE, user_id=DEFAULT_USER_ID)
    verify(signer.public_key, MESSAGE, signature, user_id=DEFAULT_USER_ID)
    with pytest.raises(Exception, match="verify"):
        verify(signer.public_key, MESSAGE, signature, user_id=b"another")


def test_signatures_are_der_and_fresh(signer):
    """Strict DER, and a new nonce each time: r never comes back."""
    seen = {split_signature(signer.sign_digest(E))[0] for _ in range(8)}
    assert len(seen) == 8


def test_an_unrelated_library_agrees(signer):
    """OpenSSL finds the signature good, and over another digest bad."""
    try:
        other = engines.load("openssl")
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    signature = signer.sign_digest(E)
    assert other.verify(signer.public_key.point, E, signature)
    assert not other.verify(signer.public_key.point, bytes(32), signature)


@pytest.mark.parametrize("length", [0, 1, 7, 300])
def test_batches_keep_their_order(signer, length):
    """Signature number n is over digest number n."""
    digests = [n.to_bytes(32, "big") for n in range(length)]
    signatures = signer.sign_digests(digests)
    assert len(signatures) == length
    key = signer.public_key
    assert all(verify_many([(key, digest, der) for digest, der in zip(digests, signatures, strict=True)]))


@pytest.mark.parametrize("digest", [b"", E[:31], E + b"\x00"])
def test_a_digest_has_32_octets(signer, digest):
    """Anything else is refused, alone and in a batch, and the signer goes on."""
    for work in (
        lambda: signer.sign_digest(digest),
        lambda: signer.sign_digests([digest, bytes(64 - len(digest))]),
    ):
        with pytest.raises((KeyStoreError, ValueError)):
            work()
    verify_digest(signer.public_key, E, signer.sign_digest(E))


def test_many_threads_sign_at_once(signer):
    """A signer is everybody's: threads get their own signatures and nobody else's."""
    failures = []

    def work(number):
        try:
            for round_ in range(4):
                digest = (number * 100 + round_).to_bytes(32, "big")
                verify_digest(signer.public_key, digest, signer.sign_digest(digest))
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_guard_fits_on_top(signer):
    """``GuardedSigner`` takes it as it is."""

    class Record:
        def reason(self):
            return None

        def stop(self, reason):
            raise AssertionError(reason)

    guarded = GuardedSigner(signer, Record())
    verify_digest(guarded.public_key, E, guarded.sign_digest(E))
    assert len(guarded.sign_digests([E, bytes(32)])) == 2


def test_nothing_secret_shows(signer, place):
    """Neither text form nor attributes that print hold the password."""
    assert place.password.decode() not in repr(signer)


@pytest.mark.parametrize("kind", kinds(lambda kind: kind.registered))
def test_another_key_at_the_index(kind, place):
    """A device that holds another key than the registered one is refused at activation."""
    other = replace(place, public_key=PrivateKey.generate().public_key)
    with pytest.raises(KeyFaultError), kind.open(other):
        pass


@pytest.mark.parametrize("kind", kinds(lambda kind: kind.password))
def test_a_wrong_password_is_tried_once(kind, place):
    """A refused password costs one try, not as many as there are sessions or repetitions."""
    index = next(_indexes)
    key = place.store.new_key(index)
    with (
        pytest.raises(AccessRightError),
        kind.open(replace(place, index=index, password=b"a wrong one", public_key=key)),
    ):
        pass
    assert place.store.client.key_info(index).password_tries_left == 2
