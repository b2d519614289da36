"""Over what other readers may refuse a document, whether or not this verifier passes it."""

from collections.abc import Iterable, Iterator

from formats import der
from formats.der import Node
from formats.errors import MalformedDataError
from formats.gbt38540 import CertListType, SealSignature
from formats.gbt38540.fields import LIMITS
from verifier.diagnosis.model import Remark
from verifier.diagnosis.table import strictnesses
from verifier.examination import Examined
from verifier.report import Report


def remarks(report: Report, examined: Iterable[Examined]) -> tuple[Remark, ...]:
    """Every remark, sorted, each once for a signature."""
    found = {*_from_report(report)}
    signed = False
    for each in examined:
        signed = signed or each.value is not None
        found.update(_from_value(each))
    if signed:
        found.add(Remark("default-identity"))
    return tuple(sorted(found, key=lambda each: (each.subject, each.name, each.detail)))


def _from_report(report: Report) -> Iterator[Remark]:
    table = strictnesses().values()
    by_tolerance = {each.tolerance: each.name for each in table if each.tolerance}
    by_code = {code: each.name for each in table for code in each.codes}
    by_generation = {each.generation: each.name for each in table if each.generation}
    for tolerance in report.tolerances:
        if tolerance in by_tolerance:
            yield Remark(by_tolerance[tolerance])
    for signature in report.signatures:
        for tolerance in signature.tolerances:
            if tolerance in by_tolerance:
                yield Remark(by_tolerance[tolerance], signature.subject)
        if signature.generation in by_generation:
            yield Remark(by_generation[signature.generation], signature.subject)
        for finding in signature.findings:
            if finding.code.value in by_code:
                yield Remark(by_code[finding.code.value], signature.subject, finding.detail)


def _from_value(examined: Examined) -> Iterator[Remark]:
    value, subject = examined.value, examined.subject
    if examined.entry is not None and not examined.entry.id[:1].isdigit():
        yield Remark("lettered-id", subject, examined.entry.id[:40])
    if not isinstance(value, SealSignature):
        return
    if value.seal.property.cert_list_type is CertListType.DIGESTS:
        yield Remark("digest-list", subject)
    if (value.extensions or value.seal.extensions) and _leaves_critical_out(value.to_sign):
        yield Remark("critical-left-out", subject)


def _leaves_critical_out(to_sign: bytes) -> bool:
    """Whether an ExtData has no ``critical``: correct DER for FALSE, and dropped by software that re-encodes."""
    try:
        return _has_short_extension(der.parse(to_sign, what="TBS_Sign", limits=LIMITS))
    except MalformedDataError:
        return False


def _has_short_extension(node: Node) -> bool:
    if not node.tag & 0x20:
        return False
    children = node.children()
    tags = [child.tag for child in children]
    if node.tag == der.SEQUENCE and tags == [der.OBJECT_IDENTIFIER, der.OCTET_STRING]:
        return True
    return any(_has_short_extension(child) for child in children)
