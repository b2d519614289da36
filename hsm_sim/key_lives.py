"""Keys' states on record: read before a key is used, moved by officers, kept when the key is gone."""

from hsm_sim.audit import Event
from hsm_sim.key_state_commands import MAX_HISTORIES, KeyStateRequest
from hsm_sim.key_states import KeyEvent, KeyState, next_key_state
from hsm_sim.model import KeyUsage
from hsm_sim.record_store import RecordStore
from hsm_sim.records import (
    MAX_TRANSITIONS,
    KeyHistoryRecord,
    KeyRecord,
    KeyTransition,
    history_name,
    key_name,
)
from hsm_sim.return_codes import KeyStateError
from hsm_sim.sessions import Session

_TURNING: frozenset[KeyEvent] = frozenset({KeyEvent.SUSPEND, KeyEvent.RESUME})


def state_of(store: RecordStore, record: KeyRecord) -> KeyState:
    """The state of a pair that exists; one without a history is active."""
    history = _history(store, record)
    return KeyState.ACTIVE if history is None else history.state


def histories(store: RecordStore, index: int, usage: KeyUsage) -> tuple[KeyHistoryRecord, ...]:
    """Histories of all pairs that were ever at an index, oldest first; the latest ``MAX_HISTORIES``."""
    found = [
        each
        for each in store.all(KeyHistoryRecord, key_name(index, usage))
        if (each.index, each.usage) == (index, usage)
    ]
    return tuple(sorted(found, key=lambda each: each.created)[-MAX_HISTORIES:])


def begun(record: KeyRecord) -> KeyHistoryRecord:
    """The history of a pair that is made before it is to be used."""
    return _blank(record, KeyState.PRE_ACTIVATION)


def moved(
    store: RecordStore,
    record: KeyRecord,
    event: KeyEvent,
    *,
    time: int,
    session: Session,
    reason: str,
    evidence: bytes | None = None,
    uses: int,
) -> KeyHistoryRecord:
    """The history of a pair with one more step; to be written by the caller.

    Args:
        store: Holds the history so far.
        record: The pair.
        event: What happens to it.
        time: Microseconds since 1970-01-01 UTC.
        session: Whose officer asked, and who proposed it.
        reason: Why.
        evidence: SM3 of a document, or None.
        uses: How often the key was used so far.

    Raises:
        KeyStateError: The event is not possible in the key's state, or it was suspended too often.
    """
    history = _history(store, record) or _blank(record, KeyState.ACTIVE)
    after = next_key_state(history.state, event)
    # Room is kept for the steps that end a life.
    if event in _TURNING and len(history.transitions) >= MAX_TRANSITIONS - 4:
        raise KeyStateError("the key was suspended and resumed too often")
    step = KeyTransition(
        time, history.state, after, session.officer or "", session.proposer or "", reason, evidence
    )
    return KeyHistoryRecord(
        record.index,
        record.usage,
        record.public_key,
        record.label,
        record.created,
        uses,
        after,
        (*history.transitions, step),
    )


def event_of(request: KeyStateRequest, session: Session) -> Event:
    """What the log says of a step."""
    target = f"index {request.index} {request.usage.name.lower()}"
    return Event(session.actor, request.command.name.lower().replace("_", "-"), target)


def _history(store: RecordStore, record: KeyRecord) -> KeyHistoryRecord | None:
    return store.get(KeyHistoryRecord, history_name(record.index, record.usage, record.public_key))


def _blank(record: KeyRecord, state: KeyState) -> KeyHistoryRecord:
    return KeyHistoryRecord(
        record.index, record.usage, record.public_key, record.label, record.created, record.uses, state, ()
    )
