"""Facts of signatures for a person."""

from collections.abc import Sequence
from typing import Final

from api.certificate_view import algorithm_text
from api.messages import Messages
from api.moments import beijing_text
from api.output import Output, shown
from verifier.facts import PartyFacts, SealFacts
from verifier.inspection import Position, SignatureInspection

_STANDARDS: Final = {
    "v1": "GM/T 0031-2014",
    "v4": "GB/T 38540-2020",
    "v5": "GM/T 0031-2025",
    "gbt35275": "GB/T 35275-2017",
}


def show(found: Sequence[SignatureInspection], text: Messages, out: Output) -> None:
    """Print every signature, and that nobody's trust was asked."""
    if not found:
        out.line(text("inspect.unsigned"))
        return
    for number, each in enumerate(found, 1):
        title = " ".join(part for part in (f"#{number}", each.id, each.type, each.path) if part)
        out.line(shown(title))
        out.facts(_facts(each, text), indent=2)
        out.line()
    out.line(text("inspect.no_trust"))


def _facts(each: SignatureInspection, text: Messages) -> list[tuple[str, object]]:
    generation = each.generation or text("inspect.unreadable")
    standard = _STANDARDS.get(generation)
    seal = each.seal_used
    return [
        (text("inspect.generation"), f"{generation} ({standard})" if standard else generation),
        (text("inspect.signature"), _answer(each.signature, text)),
        (text("inspect.seal"), _answer(each.seal, text)),
        (text("inspect.data_hash"), _answer(each.data_hash, text)),
        (text("inspect.references"), _references(each, text)),
        (text("inspect.changed"), each.changed),
        (text("inspect.seal_file"), _answer(each.seal_file, text)),
        (text("inspect.signer"), _party(each.signer)),
        (text("inspect.seal_name"), f"{seal.name} ({seal.seal_id})" if seal else None),
        (text("inspect.seal_period"), _period(seal)),
        (text("inspect.seal_maker"), _party(seal.maker if seal else None)),
        (text("inspect.signed_at"), beijing_text(each.signed_at) or each.signed_at_text),
        (text("inspect.time_stamp"), text("inspect.present") if each.time_stamp else None),
        (text("inspect.signature_algorithm"), algorithm_text(each.signature_algorithm)),
        (text("inspect.digest_method"), algorithm_text(each.digest_method)),
        (text("inspect.positions"), [_position(position, text) for position in each.positions]),
        (text("inspect.tolerances"), each.tolerances),
        (text("inspect.note"), each.note),
    ]


def _answer(answer: bool | None, text: Messages) -> str | None:  # noqa: FBT001 - it is the fact shown
    if answer is None:
        return None
    return text("inspect.right" if answer else "inspect.wrong")


def _references(each: SignatureInspection, text: Messages) -> str | None:
    if each.references is None:
        return None
    matching, total = each.references
    return text("inspect.counted", matching=matching, total=total)


def _party(party: PartyFacts | None) -> list[str]:
    if party is None:
        return []
    named = " ".join(part for part in (party.name, party.organisation, party.credit_code) if part)
    return [named, f"{party.serial_number} / {party.issuer}"]


def _period(seal: SealFacts | None) -> str | None:
    if seal is None:
        return None
    return f"{beijing_text(seal.valid_from)} – {beijing_text(seal.valid_to)}"


def _position(position: Position, text: Messages) -> str:
    told = text("inspect.position", page=position.page, boundary=_box(position.boundary))
    return told if position.clip is None else told + text("inspect.clip", clip=_box(position.clip))


def _box(box: tuple[float, float, float, float]) -> str:
    x, y, width, height = (f"{value:g}" for value in box)
    return f"({x}, {y}) {width} × {height} mm"
