"""Lists of signatures (GB/T 33190-2016 18.1): what somebody may do to one that no signature covers.

A list stays open for signatures to come, so anybody can rewrite it: not make a signature, but name
one twice, copy one to another place, or leave one out.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from formats.gbt33190.signature_model import SignatureEntry, SignatureList
from verifier.codes import Code
from verifier.findings import Finding, finding, shown
from verifier.package_files import PackageFiles
from verifier.policy import Policy

_Key = TypeVar("_Key", bound=Hashable)


def judge_signature_lists(lists: Sequence[SignatureList], files: PackageFiles, policy: Policy) -> list[Finding]:
    """Findings of the step signature list; none without any signature.

    Args:
        lists: Every list of the package.
        files: Its files.
        policy: How many signatures are judged.

    Raises:
        LimitExceededError: Reading a signature value costs more than allowed.
    """
    entries = [entry for each in lists for entry in each.entries]
    faults = [fault for each in lists for fault in _reference_faults(each.entries)]
    faults += (finding(Code.SIGNATURE_LISTED_TWICE, path) for path in sorted(_listed_twice(entries, files)))
    if len(entries) > policy.signatures:
        faults.append(finding(Code.SIGNATURES_TOO_MANY, "", f"{len(entries)}, judged {policy.signatures}"))
    if entries and not faults:
        faults.append(finding(Code.SIGNATURES_LISTED, "", str(len(entries))))
    return faults


def _reference_faults(entries: Sequence[SignatureEntry]) -> list[Finding]:
    """Faults of ids, by which one entry refers to another."""
    ids = [entry.id for entry in entries]
    known = frozenset(ids)
    faults = [finding(Code.SIGNATURE_ID_REPEATED, "", shown(repeated)) for repeated in _repeated(ids)]
    faults += [
        finding(Code.SIGNATURE_BASE_MISSING, entry.path or "", shown(entry.relative))
        for entry in entries
        if entry.relative is not None and (entry.relative not in known or entry.relative == entry.id)
    ]
    return faults


def _listed_twice(entries: Sequence[SignatureEntry], files: PackageFiles) -> set[str]:
    """Paths named twice, and paths of different files with one signature value.

    A digital signature does not state its path, so a copy of it holds too: one signer would count as two.
    """
    if len(entries) < 2:
        return set()
    paths = [entry.path or shown(entry.base_location) for entry in entries]
    values = {
        path: files.digest(entry.file.signed_value)
        for path, entry in zip(paths, entries, strict=True)
        if entry.file is not None and entry.file.signed_value is not None
    }
    copied = frozenset(_repeated(digest for digest in values.values() if digest is not None))
    return {*_repeated(paths), *(path for path, digest in values.items() if digest in copied)}


def _repeated(keys: Iterable[_Key]) -> list[_Key]:
    return [key for key, times in Counter(keys).items() if times > 1]
