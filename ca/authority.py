"""What an authority is: its name and key, and what it writes into the certificates it issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Self

from ca.list_schedule import ListTiming
from ca.model import SerialNumber
from ca.partition import Partition, PartitionPlan, whole
from crypto import DEFAULT_USER_ID, PublicKey
from formats.gbt20518 import Certificate, Name
from formats.gbt20518.extension_building import key_identifier

TEST_POLICY: Final = "1.3.6.1.5.5.7.13.1"
"""id-TEST-certPolicyOne of RFC 7229: marks certificates of test authorities, so that nobody relies on one."""


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One certificate policy an authority works under.

    Attributes:
        oid: Its identifier, from the authority's own arc, or ``TEST_POLICY``.
        practice_statement: Address of the practice statement; None without one.
    """

    oid: str
    practice_statement: str | None = None


@dataclass(frozen=True, slots=True)
class AuthoritySettings:
    """What an authority writes into certificates and lists besides what the profile says.

    Attributes:
        policies: Policies for certificatePolicies. A test authority names ``TEST_POLICY``.
        crl_uris: Addresses of its revocation list.
        ocsp_uris: Addresses of its status service.
        ca_issuers_uris: Addresses of its own certificate.
        crl_validity: Time from a full list to the latest next one.
        crl_renewal: Time from a full list to the next one where nothing else calls for it; None for half of that.
        delta_validity: Time from a delta list to the latest next one; None for no delta lists.
        partitions: How certificates are spread over lists; None for one list at ``crl_uris``.
        keep_expired_since: Certificates that expired at or after this moment stay on the lists
            (expiredCertsOnCRL); None to drop them once a list made after their end has carried them.
        user_id: SM2 identity it signs under.
    """

    policies: tuple[PolicyStatement, ...] = ()
    crl_uris: tuple[str, ...] = ()
    ocsp_uris: tuple[str, ...] = ()
    ca_issuers_uris: tuple[str, ...] = ()
    crl_validity: timedelta = field(default=timedelta(days=7))
    crl_renewal: timedelta | None = None
    delta_validity: timedelta | None = None
    partitions: PartitionPlan | None = None
    keep_expired_since: datetime | None = None
    user_id: bytes = DEFAULT_USER_ID

    @property
    def timing(self) -> ListTiming:
        """The rhythm of its lists.

        Raises:
            ValueError: The times contradict each other.
        """
        return ListTiming(self.crl_validity, self.crl_renewal, self.delta_validity)

    def partition_of(self, serial: SerialNumber, *, is_authority: bool) -> Partition:
        """The list a certificate issued now belongs to."""
        if self.partitions is None:
            return whole(self.crl_uris)
        return self.partitions.partition_of(serial, is_authority=is_authority)

    @property
    def is_test(self) -> bool:
        """Whether this is a test authority by its policies."""
        return any(policy.oid == TEST_POLICY for policy in self.policies)


@dataclass(frozen=True, slots=True)
class Issuer:
    """The name and key certificates are issued under.

    Attributes:
        name: Issuer name.
        public_key: The key its signer signs with.
        key_identifier: What authorityKeyIdentifier says.
        certificate: Its certificate; None while a root is making its own.
    """

    name: Name
    public_key: PublicKey
    key_identifier: bytes
    certificate: Certificate | None

    @classmethod
    def of(cls, certificate: Certificate) -> Self:
        """The issuer a certificate makes of its subject.

        Raises:
            ValueError: Not an authority's certificate with an SM2 key.
        """
        if certificate.public_key is None or not certificate.is_ca:
            raise ValueError("not the certificate of an authority with an SM2 key")
        identifier = certificate.subject_key_identifier or key_identifier(certificate.public_key)
        return cls(certificate.subject, certificate.public_key, identifier, certificate)

    @classmethod
    def root_to_be(cls, name: Name, public_key: PublicKey) -> Self:
        """The issuer of a root's own certificate."""
        return cls(name, public_key, key_identifier(public_key), None)


def authority_id(public_key: PublicKey) -> str:
    """How records name an authority: its key identifier, 40 hexadecimal digits. A new key is a new authority."""
    return key_identifier(public_key).hex()


def check_chain(chain: Sequence[Certificate]) -> None:
    """Refuse a chain in which a certificate was not issued under the name of the next.

    Raises:
        ValueError: Empty, or broken.
    """
    if not chain:
        raise ValueError("an authority has a certificate chain")
    for lower, upper in pairwise(chain):
        if lower.issuer.encoded != upper.subject.encoded:
            raise ValueError("the chain is broken: an issuer name is not the next subject")
