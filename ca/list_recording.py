"""Revocation lists that leave nothing unrecorded: number and content on record, then the key signs.

A full list and, where the authority makes delta lists, the delta list to the full one before it are made of one
state of the record, share their number and are recorded together (RFC 5280 5.2.3). A delta list between full ones
goes with the full list before the last, as long as that is current, so that who still holds it need not fetch
another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ca.authority import AuthoritySettings, Issuer, authority_id
from ca.errors import RefusedError
from ca.list_schedule import DueList, ListState, due_lists, next_moment
from ca.model import WHOLE_LIST, CrlRecord, KeptEntries, ListHead
from ca.partition import Partition, whole
from ca.ports import CaStore, Clock, ListView, Transaction
from ca.revocation_list import CrlContent, LintedCrl, issue_crls, prepare_crl
from crypto import Signer, sm3
from formats.gbt20518 import Crl, assemble_crl, read_crl


@dataclass(frozen=True, slots=True)
class _Draft:
    """A list that passed the rules, and what the record will say of it."""

    head: ListHead
    linted: LintedCrl


class RecordedLists:
    """Issues the revocation lists of one authority.

    Args:
        store: Where the record lives.
        signer: Holds the authority's key.
        issuer: The name and key to issue under.
        settings: How long a list lasts, how certificates are spread over lists, and the identity to sign under.
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

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Every list the authority has, or had and may have to go on with."""
        plan = self._settings.partitions
        everything = whole(self._settings.crl_uris)
        return (everything,) if plan is None else (everything, *plan.all)

    def due(self) -> tuple[DueList, ...]:
        """The lists to be made now; see ``ca.list_schedule``."""
        now = self._now()
        return due_lists(self._states(now), self._settings.timing, now)

    def next_moment(self) -> datetime | None:
        """When the next list is due if nothing changes; None for an authority without certificates to list."""
        return next_moment(self._states(self._now()), self._settings.timing)

    def needed(self) -> tuple[Partition, ...]:
        """The lists that certificates issued now belong to, or certificates that have not expired."""
        return tuple(state.partition for state in self._states(self._now()) if state.needed)

    def heads(self, *, after: int = 0, most: int = 1000) -> Sequence[ListHead]:
        """A page of the signed lists on record, by name and number."""
        with self._store.lists(self._authority) as view:
            return view.all_heads(after=after, most=most)

    def publish_due(self, *, actor: str) -> list[Crl]:
        """Make every list that is due; each is on record before the next one is begun.

        Raises:
            As ``publish``.
        """
        due = self.due()
        return [crl for each in due for crl in self.publish(each.partition, delta_only=each.is_delta, actor=actor)]

    def publish(self, partition: Partition | None = None, *, delta_only: bool = False, actor: str) -> list[Crl]:
        """Make, sign and record the next list, and the delta list beside it where there are any.

        It holds every certificate that is held, revoked or given up. An entry leaves once a full list made after
        the certificate's end of validity has carried it, or never (``keep_expired_since``).

        Args:
            partition: Which list; None for the list of everything.
            delta_only: A delta list without a full one.
            actor: Who asked, for the audit trail.

        Returns:
            The full list first, if one was made.

        Raises:
            LintError: A list breaks rules, for example since the clock went back.
            RefusedError: A delta list is asked for without a full list before it, or another process was faster.
            KeyStoreError: The key store failed; the number stays unused for ever.
        """
        partition = partition or whole(self._settings.crl_uris)
        now = self._now()
        with self._store.lists(self._authority) as view:
            drafts = [
                self._draft(content, view)
                for content in self._contents(view, partition, now, delta_only=delta_only)
            ]
        with self._store.transaction() as change:
            self._intend(change, partition, drafts, actor)
        linted = [draft.linted for draft in drafts]
        signatures = issue_crls(linted, self._signer, user_id=self._settings.user_id)
        signed = [
            (draft.head, signature, assemble_crl(draft.linted.tbs, signature))
            for draft, signature in zip(drafts, signatures, strict=True)
        ]
        with self._store.transaction() as change:
            for head, signature, _ in signed:
                change.record_crl(head, signature)
            details = [{**_names(head), "crl": sm3(encoded).hex()} for head, _, encoded in signed]
            change.append_audit(self._clock(), actor, "crl-issued", details)
        return [read_crl(encoded) for _, _, encoded in signed]

    # ------------------------------------------------------------------ what is due

    def _states(self, now: datetime) -> list[ListState]:
        plan = self._settings.partitions
        current = {each.name for each in plan.current} if plan is not None else {WHOLE_LIST}
        with self._store.lists(self._authority) as view:
            pointed_to = set(view.names())
            return [
                self._state(view, each, now, is_current=each.name in current)
                for each in self.partitions
                if each.name in current | pointed_to
            ]

    def _state(self, view: ListView, partition: Partition, now: datetime, *, is_current: bool) -> ListState:
        full = next(iter(view.heads(partition.name, is_delta=False, most=1)), None)
        delta = next(iter(view.heads(partition.name, is_delta=True, most=1)), None)
        if full is not None and delta is not None and delta.number < full.number:
            delta = None
        since = now if full is None else full.this_update
        return ListState(
            partition=partition,
            full=full,
            delta=delta,
            changed=view.last_change(partition.name),
            needed=is_current or view.has_unexpired(partition.name, since),
        )

    # ------------------------------------------------------------------ what it says

    def _contents(
        self, view: ListView, partition: Partition, now: datetime, *, delta_only: bool
    ) -> Iterator[CrlContent]:
        fulls = view.heads(partition.name, is_delta=False)
        deltas = view.heads(partition.name, is_delta=True, most=1)
        previous = max((head.this_update for head in (*fulls, *deltas)), default=None)
        number = view.next_number(partition.name)
        timing = self._settings.timing
        full = CrlContent(
            number=number,
            this_update=now,
            next_update=now + timing.validity,
            entries=view.listed(partition.name, self._kept(fulls)),
            previous=previous,
            max_validity=self._max_validity,
            partition=partition,
            has_deltas=timing.delta_validity is not None,
            keep_expired_since=self._settings.keep_expired_since,
        )
        if not delta_only:
            yield full
        base = _base(fulls, now, delta_only=delta_only)
        if base is not None and timing.delta_validity is not None:
            entries = view.changed_since(partition.name, base.changed)
            yield replace(full, next_update=now + timing.delta_validity, entries=entries, base=base.number)
        elif delta_only:
            raise RefusedError("there is no full list to make a delta list to", code="ca.crl-no-base")

    def _kept(self, fulls: Sequence[ListHead]) -> KeptEntries:
        if not fulls:
            return KeptEntries(None)
        kept = self._settings.keep_expired_since
        since = fulls[0].this_update if kept is None else min(kept, fulls[0].this_update)
        return KeptEntries(since, fulls[0].changed)

    def _draft(self, content: CrlContent, view: ListView) -> _Draft:
        changed = view.last_change(content.partition.name)
        linted = prepare_crl(content, self._issuer)
        head = ListHead(
            authority=self._authority,
            list_name=content.partition.name,
            number=content.number,
            base=content.base,
            this_update=content.this_update,
            next_update=content.next_update,
            changed=changed,
            entries=linted.entries,
        )
        return _Draft(head, linted)

    def _intend(self, change: Transaction, partition: Partition, drafts: Sequence[_Draft], actor: str) -> None:
        if change.next_list_number(self._authority, partition.name) != drafts[0].head.number:
            raise RefusedError("another process made a list meanwhile; ask again", code="ca.crl-race")
        for draft in drafts:
            change.add_crl_intent(CrlRecord(draft.head, draft.linted.tbs))
        details = [{**_names(draft.head), "tbs": sm3(draft.linted.tbs).hex()} for draft in drafts]
        change.append_audit(self._clock(), actor, "crl-intended", details)

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)


def _base(fulls: Sequence[ListHead], now: datetime, *, delta_only: bool) -> ListHead | None:
    """The full list a delta list made now goes with: an earlier one, while it is current.

    Args:
        fulls: The last two, newest first.
        now: The present moment.
        delta_only: No full list is made with it.
    """
    if not delta_only:  # the full list made with it is the newest
        return fulls[0] if fulls else None
    return next((head for head in reversed(fulls) if head.next_update > now), fulls[0] if fulls else None)


def _names(head: ListHead) -> dict[str, str | int | None]:
    return {"authority": head.authority, "list": head.number, "name": head.list_name, "base": head.base}
