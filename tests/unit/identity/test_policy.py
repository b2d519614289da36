"""Rules of actions as data."""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from formats.errors import MalformedDataError
from identity import (
    Action,
    AssuranceLevel,
    Basis,
    Capacity,
    Permitted,
    RefusalCode,
    Refused,
    default_policy,
    read_policy,
)

PACKAGED = files("identity").joinpath("data", "action-policy.json").read_bytes()


def test_published_minimum_levels() -> None:
    """Seeing one's catalogue asks for level 2, presenting and authorising for 3, seals and legal persons for 4."""
    levels = {action: int(default_policy().rule(action).level) for action in Action}
    assert levels[Action.VIEW_OWN_LICENCES] == 2
    assert levels[Action.PRESENT_LICENCE] == levels[Action.AUTHORISE_LICENCE_USE] == 3
    assert {
        levels[action] for action in (Action.SIGN_FOR_LEGAL_PERSON, Action.APPLY_FOR_SEAL, Action.USE_SEAL)
    } == {4}


def test_level_follows_from_methods() -> None:
    """The strongest method counts, and methods are kept beside the level."""
    policy = default_policy()
    assurance = policy.assurance(["two-elements", "face"])
    assert assurance.level is AssuranceLevel.PROVEN
    assert assurance.methods == {"two-elements", "face"}
    for methods in ([], ["face", "password"]):
        with pytest.raises(ValueError, match="no such authentication method"):
            policy.assurance(methods)


def test_holders() -> None:
    """A holder presents at level 3, not below; what is not for holders is refused at any level."""
    policy = default_policy()
    assert policy.holder_may(Action.PRESENT_LICENCE, assurance=policy.assurance(["face"])) == Permitted(
        Basis.HOLDER
    )
    low = policy.holder_may(Action.PRESENT_LICENCE, assurance=policy.assurance(["two-elements"]))
    assert isinstance(low, Refused)
    assert low.code is RefusalCode.ASSURANCE_TOO_LOW
    other = policy.holder_may(Action.USE_SEAL, assurance=policy.assurance(["certificate"]))
    assert isinstance(other, Refused)
    assert other.code is RefusalCode.NOT_FOR_HOLDERS


def test_three_administrators_exclude_each_other() -> None:
    """System, security and audit administration lie with three people."""
    three = {"system-administrator", "security-administrator", "audit-administrator"}
    assert default_policy().excluded_by({"audit-administrator"}) == three - {"audit-administrator"}
    assert default_policy().excluded_by({"window-clerk"}) == frozenset()


def _changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = json.loads(PACKAGED)
    change(content)
    return json.dumps(content).encode()


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "an action without rule": (lambda c: c["actions"].pop(), r"\$\.actions: action read-audit-trail has no rule"),
    "two rules": (lambda c: c["actions"].append(c["actions"][0]), "two rules"),
    "unknown action": (lambda c: c["actions"][0].update(code="x"), r"actions\[0\]\.code: 'x' is none of"),
    "level 5": (lambda c: c["actions"][0].update(level=5), r"actions\[0\]\.level: not within 1 to 4"),
    "level true": (lambda c: c["actions"][0].update(level=True), r"actions\[0\]\.level: expected an integer"),
    "unknown role": (lambda c: c["actions"][5].update(roles=["x"]), r"actions\[5\]\.roles\[0\]: is not among"),
    "unknown capacity": (lambda c: c["actions"][5].update(capacities=["x"]), r"capacities\[0\]"),
    "delegable without role": (lambda c: c["actions"][0].update(delegable=True), "can be delegated"),
    "excluded role": (lambda c: c["exclusive_roles"].append(["x"]), r"exclusive_roles\[2\]\[0\]"),
    "role twice": (lambda c: c["roles"].append(c["roles"][0]), "role is listed twice"),
    "method twice": (lambda c: c["methods"].append(c["methods"][0]), "method is listed twice"),
    "layout": (lambda c: c.update(layout="x"), r"\$\.layout"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_policy(name: str) -> None:
    """A mistake in the file is refused with its path; no action is left without a rule."""
    change, complaint = BROKEN[name]
    with pytest.raises(MalformedDataError, match=complaint):
        read_policy(_changed(change))


def test_levels_are_data() -> None:
    """With another file another level is asked for."""
    policy = read_policy(_changed(lambda c: c["actions"][0].update(level=4)))
    refused = policy.holder_may(Action.VIEW_OWN_LICENCES, assurance=policy.assurance(["face"]))
    assert isinstance(refused, Refused)
    assert Capacity.AGENT in policy.rule(Action.USE_SEAL).capacities
