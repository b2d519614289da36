"""Revocation lists that leave nothing unrecorded: number and content on record, then the key signs."""

from __future__ import annotations

from datetime import timedelta

from ca.authority import AuthoritySettings, Issuer, authority_id
from ca.model import CrlRecord
from ca.ports import CaStore, Clock, Transaction
from ca.revocation_list import CrlContent, LintedCrl, entry_of, issue_crl, prepare_crl
from crypto import Signer, sm3
from formats.gbt20518 import Crl


class RecordedLists:
    """Issues the revocation lists of one authority.

    Args:
        store: Where the record lives.
        signer: Holds the authority's key.
        issuer: The name and key to issue under.
        settings: How long a list lasts, and the identity to sign under.
        max_validity: Longest time to the next list the authority's profile allows.
        clock: Gives the present moment.
    """

    def __init__(
        self,
        *,
        store: CaStore,
        signer: Signer,
        issuer: Issuer,
        settings: AuthoritySettings,
        max_validity: timedelta,
        clock: Clock,
    ) -> None:
        self._store = store
        self._signer = signer
        self._issuer = issuer
        self._settings = settings
        self._max_validity = max_validity
        self._clock = clock
        self._authority = authority_id(issuer.public_key)

    def publish(self, *, actor: str) -> Crl:
        """Make, sign and record the next list.

        It holds every certificate that is held, revoked or given up. An entry leaves once a list made after the
        certificate's end of validity has carried it.

        Raises:
            LintError: The list breaks rules, for example since the clock went back.
            KeyStoreError: The key store failed; the list's number stays unused for ever.
        """
        with self._store.transaction() as change:
            number, linted = self._intend(change, actor)
        crl = issue_crl(linted, self._signer, user_id=self._settings.user_id)
        with self._store.transaction() as change:
            change.record_crl(self._authority, number, crl.encoded)
            self._audit(change, actor, "crl-issued", number, crl=sm3(crl.encoded).hex())
        return crl

    def _intend(self, change: Transaction, actor: str) -> tuple[int, LintedCrl]:
        now = self._clock().replace(microsecond=0)
        before = change.latest_crl(self._authority)
        previous = before.this_update if before else None
        content = CrlContent(
            number=change.next_crl_number(self._authority),
            this_update=now,
            next_update=now + self._settings.crl_validity,
            entries=[entry_of(record) for record in change.on_list(self._authority, previous)],
            previous=previous,
            max_validity=self._max_validity,
        )
        linted = prepare_crl(content, self._issuer)
        change.add_crl_intent(CrlRecord(self._authority, content.number, now, content.next_update, linted.tbs))
        self._audit(change, actor, "crl-intended", content.number, tbs=sm3(linted.tbs).hex())
        return content.number, linted

    def _audit(self, change: Transaction, actor: str, event: str, number: int, **details: str) -> None:
        change.append_audit(
            self._clock(), actor, event, [{"authority": self._authority, "list": number, **details}]
        )
