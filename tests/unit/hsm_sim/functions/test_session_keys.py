"""Session keys, KEKs and agreements."""

import pytest

from crypto import PrivateKey, PublicKey, decrypt, encrypt, exchange_key, sm4_gcm_decrypt, sm4_transform
from crypto.sm4_modes import Sm4Mode
from hsm_sim.commands import ExportPublicKey, InternalDecrypt, ReleaseAccessRight
from hsm_sim.functions.cipher_commands import Encrypt
from hsm_sim.functions.digest_commands import HmacFinal, HmacInit
from hsm_sim.functions.key_commands import (
    DestroyKek,
    DestroyKey,
    ExchangeDigitEnvelope,
    GenerateAgreementData,
    GenerateAgreementDataAndKey,
    GenerateKek,
    GenerateKeyWithAgreement,
    GenerateKeyWithEpk,
    GenerateKeyWithIpk,
    GenerateKeyWithKek,
    ImportKeyWithIsk,
    ImportKeyWithKek,
    ListKeks,
)
from hsm_sim.functions.settings import AlgorithmTable, FunctionSettings
from hsm_sim.model import KeyUsage
from hsm_sim.records import KekRecord
from hsm_sim.return_codes import (
    AccessDeniedError,
    AlgorithmModeNotSupportedError,
    AlgorithmNotSupportedError,
    CiphertextError,
    DeviceStateError,
    InputArgumentError,
    KeyExistsError,
    KeyFaultError,
    KeyNotExistError,
    KeyTypeError,
    NoBufferError,
    OfficerRequiredError,
    PrivateKeyOperationError,
    UserIdError,
)

SM2_3, ECB, CBC, GCM = 0x00020800, 0x401, 0x402, 0x02000400
DATA = bytes(range(32))
IV = bytes(16)


def ciphertext(caller, handle):
    """What a key makes of known data: equal for equal keys."""
    return caller.call(Encrypt(handle, CBC, IV, DATA)).data


def test_ipk_and_isk_carry_one_key_between_sessions(device, caller):
    """A key wrapped under the encryption pair is the same key where it is imported."""
    made = caller.call(GenerateKeyWithIpk(1, 128))
    other = device.user()
    imported = other.call(ImportKeyWithIsk(1, made.wrapped)).handle
    assert ciphertext(caller, made.handle) == ciphertext(other, imported)


def test_epk_wraps_for_the_owner_of_the_key(caller):
    """Who holds the private half of the outside key opens the very key the session uses."""
    receiver = PrivateKey.generate()
    made = caller.call(GenerateKeyWithEpk(128, SM2_3, receiver.public_key.point))
    octets = decrypt(receiver, made.wrapped)
    assert sm4_transform(Sm4Mode.CBC, octets, IV, DATA, decrypting=False)[0] == ciphertext(caller, made.handle)


@pytest.mark.parametrize("algorithm", [ECB, CBC, GCM])
@pytest.mark.parametrize("bits", [128, 512])
def test_kek_carries_a_key(device, caller, algorithm, bits):
    """What is wrapped under a KEK is the same key where it is imported under the same algorithm."""
    made = caller.call(GenerateKeyWithKek(bits, algorithm, 1))
    other = device.session()
    imported = other.call(ImportKeyWithKek(algorithm, 1, made.wrapped)).handle
    codes = []
    for session, handle in ((caller, made.handle), (other, imported)):
        session.call(HmacInit(handle, 1))
        codes.append(session.call(HmacFinal()).digest)
    assert codes[0] == codes[1]


def test_wrapped_under_gcm_is_what_it_says(device, caller):
    """Nonce, ciphertext and tag in this order, under the KEK."""
    made = caller.call(GenerateKeyWithKek(128, GCM, 1))
    record = device.device.ready().store.all(KekRecord)[0]
    kek = device.device.ready().store.protection.unwrap(
        record.wrapped_key, binding=b"kek\x00" + (1).to_bytes(4, "big"), what=""
    )
    octets = sm4_gcm_decrypt(kek, made.wrapped[:12], made.wrapped[12:])
    assert sm4_transform(Sm4Mode.CBC, octets, IV, DATA, decrypting=False)[0] == ciphertext(caller, made.handle)


def test_keys_die_with_their_session(device, caller):
    """A handle is no key in another session, after DESTROY_KEY, and after the session's end."""
    handle = caller.call(GenerateKeyWithIpk(1, 128)).handle
    with pytest.raises(KeyNotExistError):
        device.session().call(Encrypt(handle, CBC, IV, DATA))
    caller.call(DestroyKey(handle))
    for request in (Encrypt(handle, CBC, IV, DATA), DestroyKey(handle)):
        with pytest.raises(KeyNotExistError):
            caller.call(request)
    handle = caller.call(GenerateKeyWithIpk(1, 128)).handle
    key = caller.session.work.keys[handle]
    caller.close()
    assert not any(key.octets)
    with pytest.raises(KeyNotExistError):
        caller.call(Encrypt(handle, CBC, IV, DATA))


def test_handles_are_never_given_out_twice(device, caller):
    """A handle that was destroyed does not come back as another key."""
    seen = set()
    for _ in range(5):
        handle = caller.call(GenerateKeyWithIpk(1, 128)).handle
        caller.call(DestroyKey(handle))
        seen.add(handle)
    assert len(seen) == 5


def test_quota_of_session_keys(device):
    """A session's keys and open agreements are bounded; what is destroyed makes room."""
    from hsm_sim.dispatch import Dispatcher

    device.dispatcher = Dispatcher(
        device.device, device.random, device.said.append, FunctionSettings(session_keys=2)
    )
    caller = device.user()
    first = caller.call(GenerateKeyWithIpk(1, 128)).handle
    caller.call(GenerateAgreementData(1, 128, b"a"))
    for request in (
        GenerateKeyWithIpk(1, 128),
        GenerateKeyWithKek(128, ECB, 1),
        ImportKeyWithKek(ECB, 1, bytes(16)),
        GenerateAgreementData(1, 128, b"a"),
    ):
        with pytest.raises(NoBufferError):
            caller.call(request)
    caller.call(DestroyKey(first))
    caller.call(GenerateKeyWithIpk(1, 128))


def test_import_wants_the_right_and_the_pair(device, caller):
    """Without the right SDR_PARDENY; index without an encryption pair SDR_KEYTYPEERR; none SDR_KEYNOTEXIST."""
    made = caller.call(GenerateKeyWithIpk(1, 128))
    with pytest.raises(AccessDeniedError):
        device.session().call(ImportKeyWithIsk(1, made.wrapped))
    device.generate(2, KeyUsage.SIGN)
    with pytest.raises(KeyTypeError):
        device.user(2).call(ImportKeyWithIsk(2, made.wrapped))
    with pytest.raises(KeyTypeError):
        caller.call(GenerateKeyWithIpk(2, 128))
    for index, error in ((3, KeyNotExistError), (0, AccessDeniedError)):
        with pytest.raises(error):
            caller.call(GenerateKeyWithIpk(index, 128))


def test_what_is_no_session_key_is_refused(device, caller):
    """Wrong lengths, ciphertexts and algorithms have their codes."""
    point = PublicKey(caller.call(ExportPublicKey(1, KeyUsage.ENCRYPT)).public_key)
    refusals = [
        (ImportKeyWithIsk(1, encrypt(point, bytes(15))), CiphertextError),
        (ImportKeyWithIsk(1, b"\x30\x00"), CiphertextError),
        (ImportKeyWithKek(CBC, 1, bytes(16)), KeyFaultError),
        (ImportKeyWithKek(CBC, 1, bytes(33)), KeyFaultError),
        (ImportKeyWithKek(GCM, 1, bytes(44)), KeyFaultError),
        (ImportKeyWithKek(ECB, 1, bytes(15)), KeyFaultError),
        (ImportKeyWithKek(0x420, 1, bytes(16)), AlgorithmModeNotSupportedError),
        (ImportKeyWithKek(0x101, 1, bytes(16)), AlgorithmNotSupportedError),
        (GenerateKeyWithKek(128, 0x04000400, 1), AlgorithmModeNotSupportedError),
        (GenerateKeyWithKek(128, ECB, 2), KeyNotExistError),
        (GenerateKeyWithEpk(128, 0x00020200, point.point), AlgorithmNotSupportedError),
        (GenerateKeyWithEpk(128, SM2_3, b"\x04" + bytes(64)), InputArgumentError),
        (GenerateKeyWithIpk(1, 64), InputArgumentError),
        (GenerateKeyWithIpk(1, 129), InputArgumentError),
    ]
    for request, error in refusals:
        with pytest.raises(error):
            caller.call(request)
    assert not caller.session.work.keys


def test_envelope_is_exchanged(device, caller):
    """A key wrapped for the device comes out wrapped for another, unchanged; only with the right."""
    receiver = PrivateKey.generate()
    made = caller.call(GenerateKeyWithIpk(1, 128))
    request = ExchangeDigitEnvelope(1, SM2_3, receiver.public_key.point, made.wrapped)
    octets = decrypt(receiver, caller.call(request).wrapped)
    assert octets == caller.call(InternalDecrypt(1, made.wrapped)).octets
    caller.call(ReleaseAccessRight(1))
    with pytest.raises(AccessDeniedError):
        caller.call(request)


# Agreements


def test_two_devices_agree(device, caller):
    """Sponsor and responder hold the same key, which depends on both identities."""
    other_device = type(device)().initialise()
    other_device.generate(5, KeyUsage.ENCRYPT)
    other = other_device.user(5)
    begun = caller.call(GenerateAgreementData(1, 128, b"sponsor"))
    answered = other.call(
        GenerateAgreementDataAndKey(5, 128, b"responder", b"sponsor", begun.public_key, begun.fleeting_key)
    )
    done = caller.call(
        GenerateKeyWithAgreement(begun.handle, b"responder", answered.public_key, answered.fleeting_key)
    )
    assert ciphertext(caller, done.handle) == ciphertext(other, answered.handle)
    assert begun.public_key == caller.call(ExportPublicKey(1, KeyUsage.ENCRYPT)).public_key


def test_the_device_agrees_with_software(caller):
    """The responder's side in software, by GB/T 32918.3, gets the device's key."""
    own, fleeting = PrivateKey.generate(), PrivateKey.generate()
    begun = caller.call(GenerateAgreementData(1, 128, b"sponsor"))
    sponsor = PublicKey(begun.public_key)
    octets = exchange_key(
        own,
        fleeting,
        sponsor,
        PublicKey(begun.fleeting_key),
        initiator_z=sponsor.z_value(b"sponsor"),
        responder_z=own.public_key.z_value(b"responder"),
        length=16,
    )
    done = caller.call(
        GenerateKeyWithAgreement(begun.handle, b"responder", own.public_key.point, fleeting.public_key.point)
    )
    expected = sm4_transform(Sm4Mode.CBC, octets, IV, DATA, decrypting=False)[0]
    assert ciphertext(caller, done.handle) == expected


def test_an_agreement_serves_once(device, caller):
    """Finishing uses the agreement up, also when it fails; it is nobody else's and can be given up."""
    own = PrivateKey.generate().public_key.point
    begun = caller.call(GenerateAgreementData(1, 128, b"a"))
    with pytest.raises(KeyNotExistError):
        device.user().call(GenerateKeyWithAgreement(begun.handle, b"b", own, own))
    fleeting = caller.session.work.agreements[begun.handle].fleeting
    with pytest.raises(InputArgumentError):
        caller.call(GenerateKeyWithAgreement(begun.handle, b"b", own, b"\x04" + bytes(64)))
    with pytest.raises(Exception, match="wiped"):
        fleeting.scalar()
    with pytest.raises(KeyNotExistError):
        caller.call(GenerateKeyWithAgreement(begun.handle, b"b", own, own))
    begun = caller.call(GenerateAgreementData(1, 128, b"a"))
    caller.call(DestroyKey(begun.handle))
    assert not caller.session.work.agreements


def test_agreement_refusals(device, caller):
    """Right, identities and length are checked; a partner that leads to infinity gets SDR_SKOPERR."""
    own = PrivateKey.generate()
    point = own.public_key.point
    with pytest.raises(AccessDeniedError):
        device.session().call(GenerateAgreementData(1, 128, b"a"))
    with pytest.raises(UserIdError):
        caller.call(GenerateAgreementData(1, 128, b""))
    with pytest.raises(UserIdError):
        caller.call(GenerateAgreementDataAndKey(1, 128, b"b", b"", point, point))
    with pytest.raises(InputArgumentError):
        caller.call(GenerateAgreementData(1, 100, b"a"))
    from crypto.curve import N

    x = int.from_bytes(point[1:33], "big")
    reduced = (1 << 127) + (x & ((1 << 127) - 1))
    bad = PrivateKey((-reduced * int.from_bytes(own.scalar(), "big") % N).to_bytes(32, "big"))
    with pytest.raises(PrivateKeyOperationError):
        caller.call(GenerateAgreementDataAndKey(1, 128, b"b", b"a", bad.public_key.point, point))
    begun = caller.call(GenerateAgreementData(1, 128, b"a"))
    caller.call(ReleaseAccessRight(1))
    with pytest.raises(AccessDeniedError):
        caller.call(GenerateKeyWithAgreement(begun.handle, b"b", point, point))


# KEKs


def test_keks_are_made_by_officers_and_kept(device):
    """A KEK survives a restart, is listed, logged, and gone when destroyed."""
    with pytest.raises(OfficerRequiredError):
        device.session().call(GenerateKek(2, ""))
    officer = device.officer()
    with pytest.raises(KeyExistsError):
        officer.call(GenerateKek(1, ""))
    for index in (0, 4097):
        with pytest.raises(InputArgumentError):
            officer.call(GenerateKek(index, ""))
    made = device.session().call(GenerateKeyWithKek(128, GCM, 1))
    device.restart()
    session = device.session()
    session.call(ImportKeyWithKek(GCM, 1, made.wrapped))
    (listed,) = session.call(ListKeks()).keys
    assert (listed.index, listed.bits, listed.label) == (1, 128, "test")
    with pytest.raises(OfficerRequiredError):
        session.call(DestroyKek(1))
    device.officer().call(DestroyKek(1))
    with pytest.raises(KeyNotExistError):
        session.call(ImportKeyWithKek(GCM, 1, made.wrapped))
    log = [entry.entry for entry in device.storage.log]
    assert any(b"generate-kek" in entry for entry in log)
    assert any(b"destroy-kek" in entry for entry in log)


def test_quota_of_keks(device):
    """The device holds so many KEKs and no more."""
    from hsm_sim.dispatch import Dispatcher

    device.dispatcher = Dispatcher(
        device.device, device.random, device.said.append, FunctionSettings(key_encryption_keys=1)
    )
    with pytest.raises(NoBufferError):
        device.officer().call(GenerateKek(2, ""))


def test_nothing_before_initialisation(blank):
    """Functions want a device that is ready."""
    for request in (GenerateKeyWithIpk(1, 128), ListKeks(), Encrypt(1, CBC, IV, DATA), HmacInit(1, 1)):
        with pytest.raises(DeviceStateError):
            blank.session().call(request)


def test_settings_keep_their_ranges():
    """Identifiers differ, and quotas are bounded."""
    with pytest.raises(ValueError):
        AlgorithmTable(sm4_ctr=0x401)
    with pytest.raises(ValueError):
        AlgorithmTable(sm3=0)
    for wrong in ({"session_keys": 0}, {"files": -1}, {"file_octets": 10**6}, {"key_encryption_keys": 0}):
        with pytest.raises(ValueError):
            FunctionSettings(**wrong)


def test_identifiers_can_be_set(device):
    """A device with another number for CBC knows the new one and not the old one."""
    from hsm_sim.dispatch import Dispatcher

    table = FunctionSettings(AlgorithmTable(sm4_cbc=0x2002))
    device.dispatcher = Dispatcher(device.device, device.random, device.said.append, table)
    caller = device.user()
    handle = caller.call(GenerateKeyWithIpk(1, 128)).handle
    assert caller.call(Encrypt(handle, 0x2002, IV, DATA)).data
    with pytest.raises(AlgorithmModeNotSupportedError):
        caller.call(Encrypt(handle, 0x402, IV, DATA))


def test_settings_are_written_and_read():
    """What goes to the process of a key store comes back, and what is nothing of the device is refused."""
    settings = FunctionSettings(AlgorithmTable(sm4_ctr=0x440), files=3, session_keys=1)
    assert FunctionSettings.read(*settings.written()) == settings
    assert FunctionSettings().written() == ([], [])
    for algorithms, quotas in ((["sm4_xyz=1"], []), ([], ["cups=1"]), (["sm4_ctr=x"], []), ([], ["files"])):
        with pytest.raises(ValueError):
            FunctionSettings.read(algorithms, quotas)
    with pytest.raises(ValueError):
        FunctionSettings.read([], ["algorithms=1"])
