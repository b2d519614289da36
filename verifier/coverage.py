"""What the signatures of a document cover, and what they do not (GB/T 33190-2016 18; GB/T 36905-2018).

The rule: every file of the package is covered, or the document fails and the file is named. Covered means: a sound
signature (right value, over the Signature.xml as it stands) references the file and the digest matches. Whether
the document can reach a file does not excuse it, since programs differ in what they reach.

Left out by exact name are only files no signature can cover, or that are bound in another way:

- Signature.xml and signature value of each listed signature: each is judged by itself;
- the Seal.esl of a signature, if it equals the seal inside the signed value;
- a list of signatures (Signatures.xml) that no signature references, so that more signatures may follow. Whoever
  alters it can hide a signature, list one twice or change its type; these are looked for here and in judgement;
- OFDEntries.xml of GM/T 0099 and its value: judged by themselves.

That holds as long as the document uses them for nothing else.

Beyond that each signature by itself covers everything but these files. One that leaves something out that another
signature covers is a signature of part of the document: its seal stands on pages its signer may never have seen.
That cannot be decided by a program, so the document does not pass.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.parts import Parts
from formats.gbt33190.reachability import Reason, explore
from formats.gbt33190.signature_model import SignatureList
from verifier.codes import Code
from verifier.examination import Examined
from verifier.findings import Finding, finding, shown
from verifier.package_files import PackageFiles
from verifier.policy import Policy
from verifier.report import SignatureKind

_SIGNATURE_ROLES: Final = frozenset(
    {
        Reason.SIGNATURE_LIST,
        Reason.SIGNATURE,
        Reason.SIGNED_VALUE,
        Reason.SEAL,
        Reason.INTEGRITY_LIST,
        Reason.INTEGRITY_VALUE,
        Reason.VERSION_MEMBER,
    }
)
"""What a file may be to a document without being shown."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What judging the coverage gave.

    Attributes:
        findings: Of the steps coverage and signature list.
        partial: Subjects of signatures that cover only part of the document.
        missing: Files that no sound signature covers.
    """

    findings: tuple[Finding, ...]
    partial: frozenset[str]
    missing: tuple[str, ...]


def judge_coverage(
    files: PackageFiles,
    parts: Parts,
    lists: Sequence[SignatureList],
    examined: Sequence[Examined],
    policy: Policy,
) -> Coverage:
    """Judge what is covered.

    Args:
        files: Files of the package.
        parts: The same as parts that name one another.
        lists: Its lists of signatures.
        examined: Facts of every signature in them, and of the integrity signature.
        policy: How many findings are listed.
    """
    named = _named_files(lists, examined)
    to_cover = [name for name in files.package.names if name not in named]
    content = [each for each in examined if each.kind is not SignatureKind.INTEGRITY]
    sound = [each for each in content if each.sound]
    covered = frozenset[str]().union(*(each.matching for each in sound))
    missing = tuple(name for name in to_cover if name not in covered)
    if len(examined) > 1:
        missing += _shown_besides(parts, named, sound)
    # A signature nobody could judge, for want of its certificate, covers nothing and condemns nothing.
    unjudged = frozenset[str]().union(*(each.matching for each in content if each.unjudged))
    undecided = not sound and bool(missing) and unjudged.issuperset(missing)
    partial = {
        each.subject: left_out
        for each in sound
        if (left_out := [name for name in to_cover if name not in each.matching and name in covered])
    }
    if undecided:
        findings = [finding(Code.COVERAGE_UNDECIDED)]
    else:
        findings = [*_coverage_findings(missing, partial, sound, policy)]
    findings += (
        finding(Code.SIGNATURE_NOT_LISTED, "", shown(name)) for name in _hidden_signatures(files, to_cover)
    )
    return Coverage(tuple(findings), frozenset(partial), missing)


def _named_files(lists: Sequence[SignatureList], examined: Iterable[Examined]) -> frozenset[str]:
    return frozenset((*(each.path for each in lists), *(name for each in examined for name in _own_files(each))))


def _own_files(examined: Examined) -> Iterator[str]:
    """The files that make up one signature."""
    if examined.entry is None or examined.entry.file is not None:
        yield examined.subject
    if examined.value_path is not None:
        yield examined.value_path
    file = examined.entry.file if examined.entry else None
    if file is not None and file.seal is not None and examined.seal_file_matches:
        yield file.seal


def _shown_besides(parts: Parts, named: frozenset[str], sound: Iterable[Examined]) -> tuple[str, ...]:
    """Files of one signature that the document uses as content, without another signature covering them.

    Where a sealed document points to a page or a list that is not there, a later signer can put his Signature.xml:
    a program that does not ask what kind of file it opens shows what he wrote into it.
    """
    open_to = {name for each in sound for name in named.difference(each.matching, _own_files(each))}
    if not open_to:
        return ()
    reached = explore(parts).parts
    return tuple(sorted(name for name in open_to if reached.get(name, _SIGNATURE_ROLES) - _SIGNATURE_ROLES))


def _coverage_findings(
    missing: Sequence[str], partial: dict[str, list[str]], sound: Sequence[Examined], policy: Policy
) -> Iterator[Finding]:
    if not sound:
        yield finding(Code.COVERAGE_MISSING, "", "no sound signature covers anything")
        return
    for name in sorted(missing)[: policy.findings]:
        yield finding(Code.COVERAGE_MISSING, "", shown(name))
    if len(missing) > policy.findings:
        yield finding(Code.COVERAGE_MISSING, "", f"and {len(missing) - policy.findings} more")
    for subject, left_out in partial.items():
        first = ", ".join(shown(name) for name in sorted(left_out)[:5])
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        yield finding(Code.COVERAGE_PARTIAL, subject, f"without {first}{more}")
    if not missing and not partial:
        yield finding(Code.COVERAGE_COMPLETE)


def _hidden_signatures(files: PackageFiles, names: Iterable[str]) -> Iterator[str]:
    """Files that are a Signature.xml and stand in no list: somebody took a signature out of Signatures.xml.

    A later signature may cover the files of an earlier one, so that they are not missed otherwise.
    """
    for name in names:
        try:
            found = files.facts(name).signature_like
        except LimitExceededError:
            raise
        except MalformedDataError:
            continue  # damaged files are covered by nothing and told already
        if found:
            yield name
