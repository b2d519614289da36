"""From the status service to the verdict: answers of ours, saved to a file, judged by ``xinyin verify --ocsp``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ca.model import CertificateStanding, CertificateState, Revocation, SerialNumber, StatusChange
from ca.status import ResponderKey, StatusPolicy, StatusResponder
from crypto import DEFAULT_USER_ID
from formats.gbt20518 import RevocationReason, to_pem
from formats.gbt33190.package_writer import write_package
from formats.rfc6960 import OcspRequest, cert_id_of, encode_request
from tests.api.conftest import Run
from tests.unit.verifier import nation as people
from tests.unit.verifier.documents import sealed
from tests.unit.verifier.test_status_responses import unchecked

HOUR = timedelta(hours=1)


@dataclass
class Record:
    """What the authority of the nation's seal holders has on record."""

    known: dict[SerialNumber, CertificateStanding] = field(default_factory=dict)

    def standings(
        self, authority: str, serials: Sequence[SerialNumber]
    ) -> Mapping[SerialNumber, CertificateStanding]:
        del authority
        return {each: self.known[each] for each in serials if each in self.known}

    def last_change(self, authority: str) -> int:
        del authority
        return 0

    def changes(self, authority: str, *, after: int = 0, most: int = 1000) -> Sequence[StatusChange]:
        del authority, after, most
        return []


def standing(revoked_at: datetime | None = None) -> CertificateStanding:
    revocation = Revocation(revoked_at, RevocationReason.KEY_COMPROMISE) if revoked_at else None
    state = CertificateState.REVOKED if revoked_at else CertificateState.VALID
    return CertificateStanding(state, people.ENDS, people.FOUNDED, revocation)


def saved_answer(folder: Path, bureau: CertificateStanding) -> Path:
    """What the service says of the bureau's certificate an hour before the document is judged."""
    nation = people.nation()
    issuer, service = nation.holder_authority.certificate, unchecked()
    serial = nation.bureau.certificate.serial_number
    own = SerialNumber(service.certificate.serial_number)
    responder = StatusResponder(
        record=Record({SerialNumber(serial): bureau, own: standing()}),
        issuer=issuer,
        key=ResponderKey(service.signer, service.certificate, issuer, user_id=DEFAULT_USER_ID),
        policy=StatusPolicy(),
        clock=lambda: people.NOW - HOUR,
    )
    path = folder / "bureau.ocsp"
    path.write_bytes(responder.answer(encode_request(OcspRequest((cert_id_of(serial, issuer),)))).body)
    return path


@pytest.mark.parametrize(
    ("revoked_at", "status"),
    [(None, 0), (people.SIGNED - HOUR, 1)],
)
def test_answers_of_the_service_decide(run: Run, tmp_path: Path, revoked_at: datetime | None, status: int) -> None:
    """Good: the document passes as before. Revoked for a lost key before it signed: it fails."""
    trust, root, licence = tmp_path / "trust.json", tmp_path / "root.pem", tmp_path / "licence.ofd"
    trust.write_bytes(people.nation().trust_file())
    root.write_text(to_pem(people.nation().root.certificate.encoded, "CERTIFICATE"))
    licence.write_bytes(write_package(sealed()))
    options = ["--trust", trust, "--trust-root", root, "--at", people.NOW.isoformat()]
    ended = run("verify", licence, *options, "--ocsp", saved_answer(tmp_path, standing(revoked_at)))
    assert ended.status == status, ended.out + ended.err
