"""Which action asks for which assurance level and entitlement: a data file, ``data/action-policy.json``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from formats.json_data import JsonNode, read_json
from identity.model import (
    Action,
    Assurance,
    AssuranceLevel,
    Basis,
    Capacity,
    Decision,
    Permitted,
    RefusalCode,
    Refused,
    RoleGrant,
)

LAYOUT: Final = "xinyin-action-policy/1"
_FILE: Final = "action-policy.json"


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What an action asks for.

    Attributes:
        action: Which.
        name_zh: Chinese name, for users.
        level: Least assurance level.
        holder: Whether holders do it with their own licences.
        capacities: Capacities for a legal person that entitle to it.
        roles: Officers' roles that entitle to it; any one is enough.
        delegable: Whether an officer may delegate it.
    """

    action: Action
    name_zh: str
    level: AssuranceLevel
    holder: bool
    capacities: frozenset[Capacity]
    roles: frozenset[str]
    delegable: bool


@dataclass(frozen=True, slots=True)
class ActionPolicy:
    """The rules of all actions in one version. Built by ``read_policy``.

    Attributes:
        version: Version of the data file.
        rules: A rule for every action.
        methods: Authentication method to the level it reaches.
        roles: Every role.
        exclusive: Groups of roles of which one officer has one at a time (三员).
    """

    version: str
    rules: Mapping[Action, ActionRule]
    methods: Mapping[str, AssuranceLevel]
    roles: frozenset[str]
    exclusive: tuple[frozenset[str], ...]

    def rule(self, action: Action) -> ActionRule:
        """The rule of an action; every action has one."""
        return self.rules[action]

    def assurance(self, methods: Iterable[str]) -> Assurance:
        """The assurance that authentication by ``methods`` gives: the level of the strongest.

        Raises:
            ValueError: No method, or one the policy does not know.
        """
        used = frozenset(methods)
        unknown = used - self.methods.keys()
        if unknown or not used:
            raise ValueError(f"no such authentication method: {', '.join(sorted(unknown)) or 'none given'}")
        return Assurance(max(self.methods[method] for method in used), used)

    def holder_may(self, action: Action, *, assurance: Assurance) -> Decision:
        """Whether a holder may do ``action`` with an own licence."""
        rule = self.rule(action)
        if not rule.holder:
            return Refused(
                RefusalCode.NOT_FOR_HOLDERS,
                f"持证主体本人不能办理“{rule.name_zh}”",
                f"{action} is not for holders",
            )
        return self.refusal_by_level(rule, assurance) or Permitted(Basis.HOLDER)

    def refusal_by_level(self, rule: ActionRule, assurance: Assurance) -> Refused | None:
        """The refusal for an assurance below the rule's level; ``None`` if it is enough."""
        if assurance.level >= rule.level:
            return None
        return Refused(
            RefusalCode.ASSURANCE_TOO_LOW,
            f"“{rule.name_zh}”要求身份可信等级 {int(rule.level)}，当前为 {int(assurance.level)}，"
            "请以更高等级的方式认证",
            f"{rule.action} asks for assurance level {int(rule.level)}, the session has {int(assurance.level)}",
        )

    def conflict(self, grants: Iterable[RoleGrant]) -> tuple[str, str] | None:
        """Two roles among ``grants`` that exclude each other and share a moment; ``None`` if there are none."""
        all_grants = tuple(grants)
        for group in self.exclusive:
            concerned = [grant for grant in all_grants if grant.role in group]
            for index, one in enumerate(concerned):
                for other in concerned[index + 1 :]:
                    if one.role != other.role and one.validity.overlaps(other.validity):
                        return one.role, other.role
        return None

    def excluded_by(self, roles: Iterable[str]) -> frozenset[str]:
        """Roles nobody may have beside ``roles``."""
        held = frozenset(roles)
        return frozenset(role for group in self.exclusive if group & held for role in group if role not in held)


@cache
def default_policy() -> ActionPolicy:
    """The policy that comes with the house."""
    return read_policy(files("identity").joinpath("data", _FILE).read_bytes())


def read_policy(data: bytes, *, what: str = _FILE) -> ActionPolicy:
    """Read a policy file.

    Args:
        data: JSON; ``identity/data/action-policy.json`` is the model.
        what: Name of the file, for messages.

    Raises:
        formats.MalformedDataError: Not of that form, an action has no rule or two, or a role is not listed; the
            message names the path.
    """
    root = read_json(data, what=what)
    top = root.members(
        required=("layout", "version", "methods", "roles", "exclusive_roles", "actions"), optional=("note",)
    )
    if top["layout"].text() != LAYOUT:
        top["layout"].fail(f"expected {LAYOUT}")
    methods = _methods(top["methods"])
    roles = _roles(top["roles"])
    exclusive = tuple(_role_set(node, roles) for node in top["exclusive_roles"].items())
    rules: dict[Action, ActionRule] = {}
    for node in top["actions"].items():
        rule = _rule(node, roles)
        if rule.action in rules:
            node.fail("the action has two rules")
        rules[rule.action] = rule
    for action in Action:
        if action not in rules:
            top["actions"].fail(f"action {action} has no rule")
    return ActionPolicy(top["version"].text(longest=64), rules, methods, roles, exclusive)


def _methods(node: JsonNode) -> Mapping[str, AssuranceLevel]:
    methods: dict[str, AssuranceLevel] = {}
    for item in node.items():
        members = item.members(required=("code", "name_zh", "name_en", "level"))
        code = members["code"].text(longest=64)
        if code in methods:
            item.fail("the method is listed twice")
        methods[code] = _level(members["level"])
    return methods


def _roles(node: JsonNode) -> frozenset[str]:
    roles: set[str] = set()
    for item in node.items():
        code = item.members(required=("code", "name_zh", "name_en"))["code"].text(longest=64)
        if code in roles:
            item.fail("the role is listed twice")
        roles.add(code)
    return frozenset(roles)


def _role_set(node: JsonNode, roles: frozenset[str]) -> frozenset[str]:
    found = set()
    for item in node.items(most=100):
        role = item.text(longest=64)
        if role not in roles:
            item.fail("is not among the roles")
        found.add(role)
    return frozenset(found)


def _rule(node: JsonNode, roles: frozenset[str]) -> ActionRule:
    members = node.members(
        required=("code", "name_zh", "name_en", "level", "holder", "capacities", "roles", "delegable")
    )
    rule = ActionRule(
        action=Action(members["code"].choice(tuple(Action))),
        name_zh=members["name_zh"].text(longest=100),
        level=_level(members["level"]),
        holder=members["holder"].boolean(),
        capacities=frozenset(
            Capacity(item.choice(tuple(Capacity))) for item in members["capacities"].items(most=100)
        ),
        roles=_role_set(members["roles"], roles),
        delegable=members["delegable"].boolean(),
    )
    if rule.delegable and not rule.roles:
        members["delegable"].fail("only what a role entitles to can be delegated")
    return rule


def _level(node: JsonNode) -> AssuranceLevel:
    return AssuranceLevel(node.integer(least=1, most=4))
