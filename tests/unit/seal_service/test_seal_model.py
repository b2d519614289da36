"""A seal's life is a table; its identifier carries a check character; its application is checked at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import MalformedDataError
from formats.gb32100 import CreditCode
from seal_service.errors import IllegalTransitionError, RefusedError
from seal_service.model import (
    TRANSITIONS,
    SealApplication,
    SealEvent,
    SealKind,
    SealRecord,
    SealState,
    next_state,
)
from seal_service.seal_id import SealId

MAKER = CreditCode.parse("11990100MB9T00011N")
OWNER = CreditCode.parse("11990200MB9T0002XK")
START = datetime(2026, 1, 1, tzinfo=UTC)
APPLICATION = SealApplication(
    owner=OWNER,
    owner_name="示例市市场监督管理局",
    name="示例市市场监督管理局电子公章",
    type_code=1,
    kind=SealKind.ROUND,
    lower_text="",
    width_mm=42,
    height_mm=42,
    valid_from=START,
    valid_to=START + timedelta(days=365),
    applicant="甲",
)


def test_every_state_has_its_row() -> None:
    """The table is total: each state says which events it allows, final ones none."""
    assert set(TRANSITIONS) == set(SealState)
    assert {state for state, ways in TRANSITIONS.items() if not ways} == {
        SealState.REJECTED,
        SealState.REVOKED,
        SealState.CANCELLED,
    }


@pytest.mark.parametrize("state", SealState)
@pytest.mark.parametrize("event", SealEvent)
def test_unlisted_events_change_nothing(state: SealState, event: SealEvent) -> None:
    """What the table does not list is refused with the names of both."""
    if event in TRANSITIONS[state]:
        assert next_state(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransitionError, match=str(state)):
            next_state(state, event)


def test_only_a_seal_in_use_and_in_its_validity_is_usable() -> None:
    """Suspended, lost or retired seals, and seals outside their validity, are refused with a code."""
    record = SealRecord(SealId(MAKER, OWNER, 1, 1), APPLICATION, SealState.IN_USE, b"", b"", "")
    record.require_usable(START)
    record.require_usable(APPLICATION.valid_to)
    for moment in (START - timedelta(seconds=1), APPLICATION.valid_to + timedelta(seconds=1)):
        with pytest.raises(RefusedError) as caught:
            record.require_usable(moment)
        assert caught.value.code == "seal.outside-validity"
    for state in set(SealState) - {SealState.IN_USE}:
        with pytest.raises(RefusedError) as caught:
            replace(record, state=state).require_usable(START)
        assert caught.value.code == "seal.not-in-use"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"owner_name": ""}, "seal.application-field"),
        ({"name": "章" * 101}, "seal.application-field"),
        ({"applicant": " "}, "seal.application-field"),
        ({"lower_text": "字" * 21}, "seal.application-field"),
        ({"type_code": 100}, "seal.application-field"),
        ({"width_mm": 14, "height_mm": 14}, "seal.application-size"),
        ({"width_mm": 61, "height_mm": 61}, "seal.application-size"),
        ({"width_mm": 40}, "seal.application-size"),
        ({"valid_to": START}, "seal.application-validity"),
        ({"valid_from": datetime(2026, 1, 1)}, "seal.application-validity"),  # noqa: DTZ001
        ({"valid_from": START.replace(microsecond=1)}, "seal.application-validity"),
    ],
)
def test_malformed_applications_cannot_be_built(change: dict[str, object], code: str) -> None:
    """An application breaks off at once, with a code, not at the time of making."""
    with pytest.raises(RefusedError) as caught:
        replace(APPLICATION, **change)
    assert caught.value.code == code


def test_seal_id_reads_back() -> None:
    """The identifier is text with a check character over all its parts."""
    seal_id = SealId(MAKER, OWNER, 1, 42)
    text = str(seal_id)
    assert text.startswith("11990100MB9T00011N-11990200MB9T0002XK-01-000042-")
    assert SealId.parse(text) == seal_id


@given(st.data())
def test_a_changed_character_is_noticed(data: st.DataObject) -> None:
    """No single changed character of an identifier gives another identifier."""
    text = str(SealId(MAKER, OWNER, 1, data.draw(st.integers(1, 999_999))))
    position = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(
        st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-").filter(lambda c: c != text[position])
    )
    with pytest.raises(MalformedDataError):
        SealId.parse(text[:position] + other + text[position + 1 :])


@pytest.mark.parametrize(
    "text", ["", "-", "a" * 10_000, "11990100MB9T00011N-x-01-000042-A", "１１-２-３-４-５", "\0" * 50]
)
def test_other_texts_are_refused(text: str) -> None:
    """Hostile text is refused with a clear error, whatever its length or alphabet."""
    with pytest.raises(MalformedDataError):
        SealId.parse(text)
