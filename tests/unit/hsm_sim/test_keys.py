"""Pairs at indexes and their use."""

import os

import pytest

from crypto import PublicKey, encrypt, signature_to_raw, verify_digest
from hsm_sim.batches import split_signatures
from hsm_sim.commands import (
    ExportPublicKey,
    GetAccessRight,
    InternalDecrypt,
    InternalSign,
    InternalSignBatch,
    InternalVerify,
    ListKeys,
    ReleaseAccessRight,
)
from hsm_sim.management import DestroyKeys, GenerateKeyPair, SetLabel
from hsm_sim.model import MAX_BATCH, SGD_SM2_1, SGD_SM2_3, DeviceState, KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    CiphertextError,
    InputArgumentError,
    KeyExistsError,
    KeyNotExistError,
    KeyTypeError,
    PrivateKeyOperationError,
    SigningError,
    VerificationError,
)

E = bytes(range(32))


def test_generated_pair_is_shown_without_a_right(host):
    """Export needs no right and gives the registered public key, algorithm, label and creation time."""
    made = host.generate(7, label="签名密钥")
    assert (made.index, made.usage, made.algorithm) == (7, KeyUsage.SIGN, SGD_SM2_1)
    assert (made.label, made.uses, made.use_limit, made.password_tries_left) == ("签名密钥", 0, None, 3)
    assert PublicKey(made.public_key)
    assert host.session().call(ExportPublicKey(7, KeyUsage.SIGN)) == made


def test_two_pairs_at_one_index(one_key):
    """The encryption pair lies at the same index, has its own key and is covered by the same password."""
    made = one_key.generate(usage=KeyUsage.ENCRYPT, password=b"")
    assert made.algorithm == SGD_SM2_3
    both = one_key.session().call(ListKeys(1)).keys
    assert [(each.index, each.usage) for each in both] == [(1, KeyUsage.SIGN), (1, KeyUsage.ENCRYPT)]
    assert both[0].public_key != both[1].public_key
    caller = one_key.user()
    ciphertext = encrypt(PublicKey(made.public_key), "密文".encode())
    assert caller.call(InternalDecrypt(1, ciphertext)).octets == "密文".encode()


def test_which_pair_is_used_is_fixed(host):
    """The signing pair does not decrypt and the encryption pair does not sign."""
    host.generate(1, KeyUsage.SIGN)
    host.generate(2, KeyUsage.ENCRYPT)
    sign_only, encrypt_only = host.user(1), host.user(2)
    point = sign_only.call(ExportPublicKey(1, KeyUsage.SIGN)).public_key
    with pytest.raises(KeyTypeError):
        sign_only.call(InternalDecrypt(1, encrypt(PublicKey(point), b"text")))
    with pytest.raises(KeyTypeError):
        encrypt_only.call(InternalSign(2, E))
    with pytest.raises(KeyTypeError):
        encrypt_only.call(InternalVerify(2, E, b"x"))


def test_pair_made_later_works_under_the_present_right(one_key):
    """Who holds the right to an index need not ask again when the other pair is added."""
    caller = one_key.user()
    made = one_key.generate(usage=KeyUsage.ENCRYPT, password=b"")
    assert caller.call(InternalDecrypt(1, encrypt(PublicKey(made.public_key), b"text"))).octets == b"text"
    assert caller.call(InternalSign(1, E)).signature


def test_signature_is_over_e(one_key):
    """Internal signing signs the 32 octets as they are; the signature verifies outside, and with InternalVerify."""
    caller = one_key.user()
    point = caller.call(ExportPublicKey(1, KeyUsage.SIGN)).public_key
    signature = caller.call(InternalSign(1, E)).signature
    verify_digest(PublicKey(point), E, signature)
    other = one_key.session()
    other.call(InternalVerify(1, E, signature))
    with pytest.raises(VerificationError):
        other.call(InternalVerify(1, bytes(32), signature))
    with pytest.raises(VerificationError):
        other.call(InternalVerify(1, E, b"no signature"))
    assert len(signature_to_raw(signature)) == 64


@pytest.mark.parametrize("length", [0, 20, 31])
def test_only_whole_digests(one_key, length):
    """Anything but 32 octets is a bad argument, for one and for many, and counts no use."""
    caller = one_key.user()
    for request in (InternalSign(1, bytes(length)), InternalSignBatch(1, bytes(32 + length) if length else b"")):
        with pytest.raises(InputArgumentError):
            caller.call(request)
    with pytest.raises(InputArgumentError):
        caller.call(InternalVerify(1, bytes(length), b""))
    assert caller.call(ExportPublicKey(1, KeyUsage.SIGN)).uses == 0


def test_batch(one_key):
    """A batch gives one signature for each digest, in order, and counts each."""
    caller = one_key.user()
    digests = [os.urandom(32) for _ in range(33)]
    signatures = split_signatures(caller.call(InternalSignBatch(1, b"".join(digests))).joined, 33)
    info = caller.call(ExportPublicKey(1, KeyUsage.SIGN))
    for digest, signature in zip(digests, signatures, strict=True):
        verify_digest(PublicKey(info.public_key), digest, signature)
    assert info.uses == 33


def test_batch_is_bounded(one_key):
    """More digests than the device told at the beginning of the session are refused."""
    caller = one_key.user()
    body = (1).to_bytes(4, "big") + (32 * (MAX_BATCH + 1)).to_bytes(4, "big")
    reply = caller.frame(InternalSignBatch.command, body)
    assert reply.return_code == InputArgumentError.code


def test_private_key_wants_the_right_of_this_session(one_key):
    """Without the right: SDR_PARDENY; another session's right does not help; release and close end it."""
    holder, other = one_key.user(), one_key.session()
    for request in (InternalSign(1, E), InternalSignBatch(1, E)):
        with pytest.raises(AccessDeniedError):
            other.call(request)
        holder.call(request)
    with pytest.raises(AccessDeniedError):
        other.call(ReleaseAccessRight(1))
    holder.call(ReleaseAccessRight(1))
    with pytest.raises(AccessDeniedError):
        holder.call(InternalSign(1, E))
    again = one_key.user()
    again.close()
    with pytest.raises(AccessDeniedError):
        again.call(InternalSign(1, E))


def test_rights_end_with_the_device(one_key):
    """After a restart nobody holds a right."""
    caller = one_key.user()
    one_key.restart()
    with pytest.raises(AccessDeniedError):
        one_key.session().call(InternalSign(1, E))
    caller.session.rights.clear()


def test_right_to_one_index_is_not_to_another(host):
    """Each index has its own right."""
    host.generate(1)
    host.generate(2)
    caller = host.user(1)
    with pytest.raises(AccessDeniedError):
        caller.call(InternalSign(2, E))


def test_missing_key(one_key):
    """No key at the index: SDR_KEYNOTEXIST, with or without a right."""
    caller, officer = one_key.user(), one_key.officer()
    for request in (
        ExportPublicKey(2, KeyUsage.SIGN),
        InternalSign(2, E),
        InternalDecrypt(2, b"x"),
        InternalVerify(2, E, b""),
        GetAccessRight(2, b"password 1"),
        ExportPublicKey(2**32 - 1, KeyUsage.SIGN),
    ):
        with pytest.raises(KeyNotExistError):
            caller.call(request)
    for request in (DestroyKeys(2), SetLabel(2, KeyUsage.SIGN, "x")):
        with pytest.raises(KeyNotExistError):
            officer.call(request)
    with pytest.raises(KeyTypeError):
        caller.call(ExportPublicKey(1, KeyUsage.ENCRYPT))


def test_index_zero_is_closed(one_key):
    """The device's own pairs are not shown, listed, used, named or destroyed by anybody."""
    caller, officer = one_key.user(), one_key.officer()
    for request in (
        ExportPublicKey(0, KeyUsage.SIGN),
        ExportPublicKey(0, KeyUsage.ENCRYPT),
        GetAccessRight(0, b"password 1"),
        InternalSign(0, E),
        InternalDecrypt(0, b"x"),
        InternalVerify(0, E, b""),
        DestroyKeys(0),
        SetLabel(0, KeyUsage.SIGN, "x"),
    ):
        with pytest.raises(AccessDeniedError):
            (officer if request.command >= 0x40 else caller).call(request)
    with pytest.raises(InputArgumentError):
        officer.call(GenerateKeyPair(0, KeyUsage.SIGN, "", None, b"password 1"))
    assert [each.index for each in caller.call(ListKeys(0)).keys] == [1]


def test_generation_checks_its_arguments(one_key):
    """Index in range and free, password of 8 octets for the first pair and none for the second."""
    officer = one_key.officer()
    for index, usage, password, error in [
        (1, KeyUsage.SIGN, b"password 1", KeyExistsError),
        (1, KeyUsage.ENCRYPT, b"password 1", InputArgumentError),
        (2, KeyUsage.SIGN, b"", InputArgumentError),
        (2, KeyUsage.SIGN, b"1234567", InputArgumentError),
        (4097, KeyUsage.SIGN, b"password 1", InputArgumentError),
    ]:
        with pytest.raises(error):
            officer.call(GenerateKeyPair(index, usage, "", None, password))
    officer.call(GenerateKeyPair(4096, KeyUsage.SIGN, "", None, b"12345678"))
    assert [each.index for each in officer.call(ListKeys(1)).keys] == [1, 4096]


def test_label(one_key):
    """A pair is named anew, and the name survives a restart; nothing else changes."""
    before = one_key.session().call(ExportPublicKey(1, KeyUsage.SIGN))
    one_key.officer().call(SetLabel(1, KeyUsage.SIGN, "浙江省制章签名"))
    one_key.restart()
    after = one_key.session().call(ExportPublicKey(1, KeyUsage.SIGN))
    assert after.label == "浙江省制章签名"
    assert (after.public_key, after.uses, after.created) == (before.public_key, before.uses, before.created)


def test_destroyed_keys_are_gone(one_key):
    """Both pairs and the password are removed, rights end, and a new pair at the index is another key."""
    one_key.generate(usage=KeyUsage.ENCRYPT, password=b"")
    holder = one_key.user()
    before = holder.call(ExportPublicKey(1, KeyUsage.SIGN)).public_key
    one_key.officer().call(DestroyKeys(1))
    assert one_key.storage.commits[-1].erases
    with pytest.raises(KeyNotExistError):
        holder.call(InternalSign(1, E))
    assert not [name for name in one_key.storage.rows if name[0] in (2, 3) and name[1][:4] == b"\0\0\0\1"]
    made = one_key.generate()
    assert made.public_key != before
    assert made.uses == 0
    with pytest.raises(AccessDeniedError):
        holder.call(InternalSign(1, E))
    one_key.restart()
    assert one_key.user().call(InternalSign(1, E)).signature


def test_ciphertext_that_does_not_open(one_key):
    """Every fault of a ciphertext has the same code and no detail."""
    made = one_key.generate(usage=KeyUsage.ENCRYPT, password=b"")
    caller = one_key.user()
    good = encrypt(PublicKey(made.public_key), b"text")
    for bad in (b"", b"x", good[:-1], good[:-1] + bytes((good[-1] ^ 1,)), good + b"\0"):
        reply = caller.frame(InternalDecrypt.command, (1).to_bytes(4, "big") + len(bad).to_bytes(4, "big") + bad)
        assert (reply.return_code, reply.body) == (CiphertextError.code, b"")


def test_wrong_signature_is_kept_back(one_key, monkeypatch):
    """A signature that does not verify leaves nobody's hands, and the device stops working."""
    caller = one_key.user()
    right = caller.call(InternalSign(1, E)).signature
    monkeypatch.setattr("hsm_sim.checked_signing.sign_digest", lambda key, digest: right)
    with pytest.raises(SigningError):
        caller.call(InternalSign(1, bytes(32)))
    assert one_key.device.state is DeviceState.ERROR
    assert right not in one_key.replies[-1]


def test_one_wrong_signature_keeps_a_batch_back(one_key, monkeypatch):
    """A batch is all or nothing also when a signature does not verify."""
    caller = one_key.user()
    right = caller.call(InternalSign(1, E)).signature
    monkeypatch.setattr("hsm_sim.checked_signing.sign_many", lambda key, digests: [right for _ in digests])
    with pytest.raises(SigningError):
        caller.call(InternalSignBatch(1, E + bytes(32)))
    assert one_key.device.state is DeviceState.ERROR


def test_pairwise_test_guards_generation(host, monkeypatch):
    """A pair whose halves do not belong together is not stored."""

    def decrypts_wrongly(key, ciphertext):
        return b"something else"

    monkeypatch.setattr("hsm_sim.self_test.decrypt", decrypts_wrongly)
    with pytest.raises(PrivateKeyOperationError):
        host.generate(1, KeyUsage.ENCRYPT)
    assert host.session().call(ListKeys(1)).keys == ()


def test_list_is_paged(host, monkeypatch):
    """A page never parts the pairs of one index."""
    monkeypatch.setattr("hsm_sim.keys.MAX_KEY_PAGE", 3)
    for index in (1, 2, 3):
        host.generate(index)
        host.generate(index, KeyUsage.ENCRYPT, password=b"")
    caller = host.session()
    assert [(k.index, k.usage) for k in caller.call(ListKeys(1)).keys] == [(1, 1), (1, 2)]
    assert [k.index for k in caller.call(ListKeys(2)).keys] == [2, 2]
    assert [k.index for k in caller.call(ListKeys(3)).keys] == [3, 3]
    assert caller.call(ListKeys(4)).keys == ()
