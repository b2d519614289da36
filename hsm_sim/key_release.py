"""How an escrowed pair leaves the device: enveloped to a public key, and to another one only as two officers say.

The first recipient of a pair is remembered before the envelope is made, and may be served again, so that a lost
answer costs nothing. Any other recipient takes a release: one officer asks, another approves, both logged in with
their own secrets; it names pair, recipient and grounds, and ends by itself. While it lives its recipient may be
served again. A release to the owner makes that key the pair's recipient; a judicial one changes nothing for the
owner. Who asked and who approved stands in the device's log, whatever the software around it writes down.
"""

from collections.abc import Callable
from dataclasses import replace

from crypto import CryptoError, InvalidKeyError, PublicKey, sm4_ecb_decrypt
from formats.gbt35276 import envelop_key, read_enveloped_key
from hsm_sim.audit import Event
from hsm_sim.device import Device, Interior
from hsm_sim.key_marks import KeyMark, recipient_mark
from hsm_sim.protection import RandomOctets
from hsm_sim.records import RecordKind, RecordName, ReleaseRecord
from hsm_sim.return_codes import (
    AccessDeniedError,
    DeviceStateError,
    InputArgumentError,
    KeyExistsError,
    KeyNotExistError,
    NoBufferError,
    PrivateKeyOperationError,
    PublicKeyOperationError,
)
from hsm_sim.sessions import Session
from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose
from hsm_sim.wrapped_key_commands import MAX_RELEASES, ApproveRelease, ReleaseInfo, RequestRelease
from hsm_sim.wrapped_key_use import WrappedKeyUse
from hsm_sim.wrapping import OpenedKey

_SM4_KEY_LENGTH = 16


class KeyRelease:
    """Escrowed pairs on their way out."""

    def __init__(self, device: Device, use: WrappedKeyUse, random: RandomOctets) -> None:
        self._device = device
        self._use = use
        self._random = random

    def envelope(self, session: Session, octets: bytes, recipient: bytes) -> bytes:
        """Envelope a pair: DER SM2EnvelopedKey.

        Raises:
            AccessDeniedError: It was handed out to another key, and no release names this one.
            PublicKeyOperationError: The recipient's key is no point of the curve.
            DeviceError: As ``WrappedKeyUse.admit_escrowed``.
        """
        opened = self._use.admit_escrowed(session, octets)
        to = _public_key(recipient)
        if recipient == opened.record.public_key:
            raise InputArgumentError("a pair is not enveloped to itself")
        self._remember(self._device.ready(), session, opened, recipient)
        symmetric = self._random(_SM4_KEY_LENGTH)
        enveloped = envelop_key(opened.key, to, symmetric)
        _check(enveloped, opened, symmetric)
        return enveloped

    def _remember(self, interior: Interior, session: Session, opened: OpenedKey, recipient: bytes) -> None:
        """Write down who is served and why, before it is done."""
        key_id, to = opened.record.key_id, recipient_mark(recipient)
        with interior.marks.exclusive:
            mark = interior.marks.get(key_id)
            if mark.recipient is None or mark.recipient == to:
                event = Event(session.actor, "envelope", f"{key_id.hex()} to {to.hex()}")
                self._write(interior, replace(mark, recipient=to), event, None)
                return
            release = self._approved(interior, key_id, recipient)
            owner = release.purpose is ReleasePurpose.OWNER
            event = Event(session.actor, "envelope-released", f"{key_id.hex()} by {release.release_id.hex()}")
            self._write(
                interior,
                replace(mark, recipient=to) if owner else mark,
                event,
                replace(release, deliveries=release.deliveries + 1),
            )

    @staticmethod
    def _write(interior: Interior, mark: KeyMark, event: Event, release: ReleaseRecord | None) -> None:
        interior.marks.put([mark], [event], releases=[] if release is None else [release])

    def _approved(self, interior: Interior, key_id: bytes, recipient: bytes) -> ReleaseRecord:
        for release in self._living(interior):
            if (release.key_id, release.recipient) == (key_id, recipient) and release.approved_by is not None:
                return release
        raise AccessDeniedError(
            f"wrapped key {key_id.hex()} was handed out to another key; a release by two officers is needed"
        )

    # Releases

    def request(self, session: Session, request: RequestRelease) -> ReleaseInfo:
        """Ask for a release, as an officer.

        Raises:
            OfficerRequiredError: None is logged in.
            DeviceStateError: The pair has not been handed out to anybody, or to this very key.
            KeyExistsError: Another release has this identifier.
            NoBufferError: Too many are open.
            DeviceError: The pair does not open, is not escrowed or was revoked.
        """
        interior = self._device.managed(session)
        _public_key(request.recipient)
        record = self._use.opened(request.wrapped).record
        if record.purpose is not WrappedPurpose.ESCROW:
            raise AccessDeniedError("the pair is not escrowed")
        now = self._device.now()
        asked = ReleaseRecord(
            request.release_id,
            request.purpose,
            record.key_id,
            request.recipient,
            request.grounds,
            _officer(session),
            now,
            now + request.seconds * 1_000_000,
            None,
            0,
        )
        with interior.marks.exclusive:
            known = interior.store.get(ReleaseRecord, request.release_id)
            if known is not None and known.expires > now:
                return _info(_same(known, asked))
            mark = interior.marks.get(record.key_id)
            if mark.revoked:
                raise AccessDeniedError(f"wrapped key {record.key_id.hex()} was revoked")
            if mark.recipient is None or mark.recipient == recipient_mark(request.recipient):
                raise DeviceStateError("this recipient takes no release")
            expired = self._expired(interior)
            if len(interior.store.all(ReleaseRecord)) - len(expired) >= MAX_RELEASES:
                raise NoBufferError(f"{MAX_RELEASES} releases are open")
            interior.store.change(
                [Event(session.actor, "request-release", _target(asked))],
                puts=[asked],
                removes=[name for name in expired if name[1] != asked.key],
            )
        return _info(asked)

    def approve(self, session: Session, request: ApproveRelease) -> ReleaseInfo:
        """Approve a release, as another officer than the one who asked.

        Raises:
            OfficerRequiredError: None is logged in.
            AccessDeniedError: It is the officer who asked.
            InputArgumentError: The release says something else than what is approved.
            KeyNotExistError: There is none, or its time has ended.
            DeviceStateError: A third officer has approved it.
        """
        interior = self._device.managed(session)
        with interior.marks.exclusive:
            release = self._find(interior, request.release_id)
            said = (request.key_id, request.recipient, request.grounds)
            if (release.key_id, release.recipient, release.grounds) != said:
                raise InputArgumentError("the release is for another pair or recipient, or on other grounds")
            officer = _officer(session)
            if officer == release.requested_by:
                raise AccessDeniedError("another officer than the one who asked must approve")
            if release.approved_by == officer:
                return _info(release)
            if release.approved_by is not None:
                raise DeviceStateError("the release is approved")
            approved = replace(release, approved_by=officer)
            interior.store.change([Event(session.actor, "approve-release", _target(release))], puts=[approved])
        return _info(approved)

    def withdraw(self, session: Session, release_id: bytes) -> None:
        """Take a release back, as any officer.

        Raises:
            KeyNotExistError: There is none.
        """
        interior = self._device.managed(session)
        with interior.marks.exclusive:
            release = self._find(interior, release_id)
            interior.store.change(
                [Event(session.actor, "withdraw-release", _target(release))],
                removes=[(RecordKind.RELEASE, release.key)],
            )

    def all(self, session: Session) -> tuple[ReleaseInfo, ...]:
        """Every release that has not expired, to an officer."""
        return tuple(_info(each) for each in self._living(self._device.managed(session)))

    def _find(self, interior: Interior, release_id: bytes) -> ReleaseRecord:
        release = interior.store.get(ReleaseRecord, release_id)
        if release is None or release.expires <= self._device.now():
            raise KeyNotExistError(f"release {release_id.hex()}")
        return release

    def _living(self, interior: Interior) -> list[ReleaseRecord]:
        now = self._device.now()
        return [each for each in interior.store.all(ReleaseRecord) if each.expires > now]

    def _expired(self, interior: Interior) -> list[RecordName]:
        now = self._device.now()
        records = interior.store.all(ReleaseRecord)
        return [(RecordKind.RELEASE, each.key) for each in records if each.expires <= now]


def _same(known: ReleaseRecord, asked: ReleaseRecord) -> ReleaseRecord:
    """The release on record, if it is the one that is asked for again."""
    compared: Callable[[ReleaseRecord], tuple[object, ...]] = lambda each: (  # noqa: E731
        each.purpose, each.key_id, each.recipient, each.grounds, each.requested_by,
    )  # fmt: skip
    if compared(known) != compared(asked):
        raise KeyExistsError(f"another release has the identifier {known.release_id.hex()}")
    return known


def _officer(session: Session) -> str:
    if session.officer is None:  # ``managed`` made sure of it
        raise AccessDeniedError("no officer")
    return session.officer


def _public_key(point: bytes) -> PublicKey:
    try:
        return PublicKey(point)
    except InvalidKeyError:
        raise PublicKeyOperationError("the recipient's key is no point of the SM2 curve") from None


def _check(enveloped: bytes, opened: OpenedKey, symmetric: bytes) -> None:
    """Read back what leaves, as far as that goes without the recipient's key."""
    read = read_enveloped_key(enveloped)
    try:
        held = sm4_ecb_decrypt(symmetric, read.encrypted_private_key) == opened.key.scalar()
    except CryptoError as error:
        raise PrivateKeyOperationError("the envelope cannot be read back") from error
    if not held or read.public_key != opened.key.public_key:
        raise PrivateKeyOperationError("the envelope does not hold the pair")


def _info(release: ReleaseRecord) -> ReleaseInfo:
    return ReleaseInfo(
        release.release_id,
        release.purpose,
        release.key_id,
        release.recipient,
        release.grounds,
        release.requested_by,
        release.requested,
        release.expires,
        release.approved_by,
        release.deliveries,
    )


def _target(release: ReleaseRecord) -> str:
    return f"{release.release_id.hex()} of {release.key_id.hex()} {release.purpose.name.lower()}"
