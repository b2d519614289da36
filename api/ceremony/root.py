"""The root's part of a ceremony: its certificate, those below it, its first list; each may be asked for twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from api.authority_access import authority_record
from api.authority_folder import FILE, AuthorityFile, PlannedRoot, profiles_of, read_authority, write_authority
from api.ceremony.plan import AuthorityPlan, SubordinatePlan
from api.failures import CommandError, reading
from api.files import MAX_CERTIFICATE, read_file
from api.output import shown
from api.subject_input import read_subject
from ca.authority import TEST_POLICY
from ca.errors import CrlNotFoundError
from ca.requests import request_from_pkcs10
from ca.service import CertificateAuthority
from crypto import DEFAULT_USER_ID, InvalidSignatureError, Signer, sm3
from formats.gbt20518 import Certificate, Crl, Validity, der_or_pem, read_crl

Clock = Callable[[], datetime]
Random = Callable[[int], bytes]


def make_root(
    folder: Path,
    planned: AuthorityPlan,
    subject: str,
    signer: Signer,
    *,
    began: datetime,
    clock: Clock,
    random: Random,
    actor: str,
) -> Certificate:
    """Make the root's folder and certificate; called again it gives the same.

    Raises:
        CommandError: The folder holds another authority.
        LintError: Subject or validity breaks the profile.
    """
    if (folder / FILE).exists():
        file = read_authority(folder)
    else:
        file = AuthorityFile(
            profile=planned.profile,
            key_index=planned.key_index,
            public_key=signer.public_key,
            planned=PlannedRoot(read_subject(subject), Validity(began, began + timedelta(days=planned.days))),
            # The key store is a simulation, so whatever its keys sign is marked as test (docs/design.md, rule 10).
            policies=(TEST_POLICY, *planned.policies),
            crl_uris=planned.crl_uris,
            ocsp_uris=planned.ocsp_uris,
            ca_issuers_uris=planned.ca_issuers_uris,
            crl_days=planned.crl_days,
        )
        write_authority(folder, file)
    if file.planned is None or file.public_key != signer.public_key:
        raise CommandError("ca.create.exists", directory=shown(folder))
    with authority_record(folder, file) as store:
        authority = CertificateAuthority.create_root(
            store=store,
            signer=signer,
            subject=file.planned.subject,
            validity=file.planned.validity,
            profiles=profiles_of(folder),
            settings=file.settings,
            clock=clock,
            random=random,
            actor=actor,
            profile=file.profile,
        )
    write_authority(folder, replace(file, chain=authority.chain))
    return authority.certificate


def issue_below(
    folder: Path,
    planned: SubordinatePlan,
    plan_folder: Path,
    signer: Signer,
    *,
    key: str,
    began: datetime,
    confirm: Callable[[str], None],
    clock: Clock,
    random: Random,
    actor: str,
) -> Certificate:
    """Certify an authority below the root from its request; called again with the same key it gives the same.

    Raises:
        CommandError: The request is not the one that was reviewed, or does not prove possession of its key.
        RefusedError: The request breaks a rule.
    """
    path = str(plan_folder / planned.request)
    data = read_file(path, most=MAX_CERTIFICATE)
    if sm3(data).hex() != planned.request_digest.lower():
        raise CommandError("ceremony.other_request", file=shown(path), digest=sm3(data).hex())
    with reading(shown(path), "request"):
        try:
            request = request_from_pkcs10(
                der_or_pem(data, "CERTIFICATE REQUEST"),
                key=key,
                profile=planned.profile,
                validity=Validity(began, began + timedelta(days=planned.days)),
                user_id=DEFAULT_USER_ID,
            )
        except InvalidSignatureError as error:
            raise CommandError("ca.issue.possession", file=shown(path)) from error
    confirm(str(request.subject))
    with _root(folder, signer, clock, random) as authority:
        return authority.issue_subordinate(request, actor=actor)


def first_list(folder: Path, signer: Signer, *, clock: Clock, random: Random, actor: str) -> Crl:
    """The root's first list, or the one that was signed before an interruption."""
    with _root(folder, signer, clock, random) as authority:
        try:
            signed = authority.crl().encoded
        except CrlNotFoundError:
            return authority.publish_crl(actor=actor)
    if signed is None:
        raise CommandError("ceremony.list_unfinished", directory=shown(folder))
    return read_crl(signed)


@contextmanager
def _root(folder: Path, signer: Signer, clock: Clock, random: Random) -> Iterator[CertificateAuthority]:
    file = read_authority(folder)
    with authority_record(folder, file) as store:
        yield CertificateAuthority(
            store=store,
            signer=signer,
            chain=file.chain,
            profiles=profiles_of(folder),
            settings=file.settings,
            clock=clock,
            random=random,
            profile=file.profile,
        )
