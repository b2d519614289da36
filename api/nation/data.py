"""The toy nation's data file as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Final

from formats.gb32100 import CreditCode
from formats.json_data import JsonNode, read_json
from licence_service import Holder, Issuer, IssueRequest
from seal_service import SealKind

_FILE: Final = "nation.json"


@dataclass(frozen=True, slots=True)
class Unit:
    """A name and a credit code."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Department:
    """A department that seals and issues."""

    key: str
    name: str
    code: str
    seal_name: str
    seal_kind: SealKind
    seal_type: int
    lower_text: str
    width_mm: int
    height_mm: int
    licence_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleLicence:
    """A licence to be issued, by which department."""

    department: str
    licence_type: str
    item_code: str
    holders: tuple[Holder, ...]
    licence_number: str | None
    face: dict[str, str]

    def request(self, department: Department, *, area: str, day: date, request_id: str) -> IssueRequest:
        """The request for it."""
        return IssueRequest(
            request_id=request_id,
            licence_type=self.licence_type,
            item_code=self.item_code,
            issuer=Issuer(department.name, CreditCode.parse(department.code), area),
            holders=self.holders,
            licence_number=self.licence_number,
            face=self.face,
            issued_on=day,
            operator="window-01",
        )


@dataclass(frozen=True, slots=True)
class Region:
    """A region and its institutions."""

    code: str
    name: str
    authority: Unit
    authority_name: str
    maker: Unit
    maker_vendor: str
    departments: dict[str, Department]
    licences: tuple[SampleLicence, ...]


@dataclass(frozen=True, slots=True)
class NationData:
    """All of it."""

    name: str
    code: str
    root_name: str
    operator: str
    regions: tuple[Region, ...]


def nation_data() -> NationData:
    """The nation this package ships."""
    data = (resources.files("api.nation") / _FILE).read_bytes()
    top = read_json(data, what=_FILE).members(required=("schema", "national", "regions"))
    national = top["national"].members(required=("name", "code", "root", "operator"))
    return NationData(
        name=national["name"].text(),
        code=national["code"].text(),
        root_name=national["root"].text(),
        operator=national["operator"].text(),
        regions=tuple(_region(node) for node in top["regions"].items(most=9)),
    )


def _region(node: JsonNode) -> Region:
    members = node.members(required=("code", "name", "authority", "maker", "departments", "licences"))
    authority = members["authority"].members(required=("name", "code", "common_name"))
    maker = members["maker"].members(required=("name", "code", "vendor"))
    departments = [_department(item) for item in members["departments"].items(most=20)]
    return Region(
        code=members["code"].text(longest=6),
        name=members["name"].text(),
        authority=Unit(authority["name"].text(), authority["code"].text()),
        authority_name=authority["common_name"].text(),
        maker=Unit(maker["name"].text(), maker["code"].text()),
        maker_vendor=maker["vendor"].text(),
        departments={department.key: department for department in departments},
        licences=tuple(_licence(item) for item in members["licences"].items(most=50)),
    )


def _department(node: JsonNode) -> Department:
    members = node.members(required=("key", "name", "code", "seal", "types"))
    seal = members["seal"].members(required=("name", "kind", "type_code", "lower_text", "width_mm", "height_mm"))
    return Department(
        key=members["key"].text(),
        name=members["name"].text(),
        code=members["code"].text(),
        seal_name=seal["name"].text(),
        seal_kind=SealKind(seal["kind"].choice(tuple(SealKind))),
        seal_type=seal["type_code"].integer(least=0, most=99),
        lower_text=seal["lower_text"].text(empty=True),
        width_mm=seal["width_mm"].integer(least=15, most=60),
        height_mm=seal["height_mm"].integer(least=15, most=60),
        licence_types=tuple(item.text() for item in members["types"].items(most=20)),
    )


def _licence(node: JsonNode) -> SampleLicence:
    members = node.members(
        required=("department", "licence_type", "item_code", "holders", "face"), optional=("licence_number",)
    )
    holders = []
    for item in members["holders"].items(most=20):
        holder = item.members(required=("name", "code", "code_type"))
        holders.append(Holder(holder["name"].text(), holder["code"].text(), holder["code_type"].text()))
    return SampleLicence(
        department=members["department"].text(),
        licence_type=members["licence_type"].text(),
        item_code=members["item_code"].text(),
        holders=tuple(holders),
        licence_number=members["licence_number"].text() if "licence_number" in members else None,
        face={name: item.text(longest=4000) for name, item in members["face"].entries().items()},
    )
