"""Joining the domains: each adapter gives one room what its ``ports.py`` asks for. Holds no rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from catalogue import CatalogueService, Refused
from crypto import KeyStoreError, Signer
from formats import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt36904 import LicenceTypeCode
from formats.gbt39554 import parse_item_code
from licence_service.ports import DocumentToSeal, SealingFailedError
from seal_service import SealId, SealingRequest, SealService, StampPlacement
from seal_service.errors import SealServiceError

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


def system_clock() -> datetime:
    """The current time, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class SignersByLabel:
    """``seal_service.ports.KeyRing`` over opened signers.

    Args:
        signers: Label to an opened signer, for example a ``hsm_sim.KeyStoreSigner``.
    """

    def __init__(self, signers: Mapping[str, Signer]) -> None:
        self._signers = dict(signers)

    def signer(self, key_label: str) -> Signer:
        """The signer registered under a label."""
        try:
            return self._signers[key_label]
        except KeyError:
            raise KeyStoreError(f"no key labelled {key_label!r} is opened here") from None


@dataclass(frozen=True, slots=True)
class IssuerSeal:
    """The seal an issuing authority seals its licences with."""

    seal_id: SealId
    name: str
    width_mm: float
    height_mm: float


class SealServiceSealer:
    """``licence_service.ports.Sealer`` over the seal service.

    Args:
        service: The seal service.
        seals: The seal of each issuer, by credit code.
    """

    def __init__(self, service: SealService, seals: Mapping[str, IssuerSeal]) -> None:
        self._service = service
        self._seals = dict(seals)

    def seal_name(self, issuer: str) -> str:
        """Name of the issuer's seal."""
        return self._seal(issuer).name

    def seal(
        self, issuer: str, documents: Sequence[DocumentToSeal], *, at: datetime, operator: str
    ) -> list[bytes]:
        """Seal licences of one issuer."""
        seal = self._seal(issuer)
        requests = [
            SealingRequest(
                request_id=document.request_id,
                entries=document.entries,
                digests=document.digests,
                stamps=tuple(
                    StampPlacement(
                        page_id=placement.page_id,
                        x_mm=placement.centre_x_mm - seal.width_mm / 2,
                        y_mm=placement.centre_y_mm - seal.height_mm / 2,
                        width_mm=seal.width_mm,
                        height_mm=seal.height_mm,
                    )
                    for placement in document.placements
                ),
                purpose=document.purpose,
            )
            for document in documents
        ]
        try:
            return self._service.seal(seal.seal_id, requests, operator=operator, at=at)
        except (SealServiceError, KeyStoreError) as exc:
            raise SealingFailedError(str(exc)) from exc

    def _seal(self, issuer: str) -> IssuerSeal:
        try:
            return self._seals[issuer]
        except KeyError:
            raise SealingFailedError(f"no seal of {issuer} is in use here") from None


class CatalogueDirectory:
    """``licence_service.ports.Directory`` over the catalogue."""

    def __init__(self, catalogue: CatalogueService) -> None:
        self._catalogue = catalogue

    def refusal(self, *, issuer: str, licence_type: str, item: str, on: date) -> str | None:
        """Why the authority may not issue; None if it may. The day is a Beijing day."""
        moment = datetime.combine(on, time(12), tzinfo=BEIJING).astimezone(UTC)
        try:
            decision = self._catalogue.may_issue(
                CreditCode.parse(issuer), LicenceTypeCode.parse(licence_type), parse_item_code(item), moment
            )
        except MalformedDataError as exc:
            return str(exc)
        return decision.message_en if isinstance(decision, Refused) else None


Clock = Callable[[], datetime]
