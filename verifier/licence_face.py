"""What a licence shows must be what its signed metadata says.

A seal over a face that shows another name than the metadata is a right signature over a lie: programs act on the
one, people on the other. Everything here is read from the page as a person reads it; see ``formats.page_text``.

1. For every field the type shows, the value stands on the page in one of its written forms.
2. What stands beside a field's own word is that value.
3. Nothing of it is only there unseen, and no glyph draws another character than its text says.

Pictures are not read. A face of which nothing can be read leaves the licence undetermined, not skipped: who wants
to show another name would otherwise only have to paint it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gb11643 import CitizenNumber
from formats.gbt36903 import Element, Metadata
from formats.page_text import FaceText, Piece, folded
from verifier.codes import Code
from verifier.face_fields import FaceField, Form, face_kind, written_forms
from verifier.face_search import Match, Search, Work
from verifier.findings import Finding, finding, shown

ReadFace = Callable[[], FaceText]

_MOST_FINDINGS: Final = 20
_LONGEST: Final = 40
_BETWEEN: Final = ("、", ",", ";", "")
"""Between several values, folded."""
_DATE: Final = re.compile(r"(?:[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}([-./])[0-9]{1,2}\1[0-9]{1,2})")
_NUMBER: Final = re.compile(r"[0-9]{17}[0-9Xx]")
_PUBLIC: Final = frozenset({"ZZMC", "ZZBH", "ZZBFJG", "ZZBFRQ", "ZZYXQQSRQ", "ZZYXQJZRQ"})


def judge_face(metadata: Metadata, data: Mapping[str, str], read: ReadFace) -> Iterator[Finding]:
    """Compare the pages with the metadata.

    Args:
        metadata: Elements of the licence's metadata.
        data: Its face data (照面信息) by name; no name repeats.
        read: Reads the pages; called once.
    """
    try:
        face = read()
        found = list(_Comparison(metadata, data, face).findings())
    except LimitExceededError:
        yield finding(Code.FACE_UNREADABLE, "", "the pages hold more than is read")
        return
    except MalformedDataError as exc:
        yield finding(Code.FACE_UNREADABLE, "", shown(str(exc)))
        return
    yield from found[:_MOST_FINDINGS] or [finding(Code.FACE_MATCHES)]


class _Comparison:
    def __init__(self, metadata: Metadata, data: Mapping[str, str], face: FaceText) -> None:
        self._metadata = metadata
        self._data = data
        self._face = face
        self._kind = face_kind(metadata.text(Element.LICENCE_TYPE_CODE) or "")
        labels = self._kind.labels
        self._labels = labels
        work = Work()
        self._seen = Search(face.pieces, labels, work)
        self._said = Search([piece for piece in face.pieces if piece.said != piece.text], labels, work, said=True)
        self._hidden = Search(face.hidden, labels, work)
        self._beside = Search(face.beside, labels, work)
        self._matches: dict[int, list[list[Match]]] = {}
        self._used: set[int] = set()
        types = metadata.texts(Element.HOLDER_CODE_TYPE)
        self._legal = bool(types) and all(each in ("001", "099") for each in types)

    def findings(self) -> Iterator[Finding]:
        fields = self._kind.fields
        forms = [written_forms(field, self._metadata, self._data) for field in fields]
        for place, (field, values) in enumerate(zip(fields, forms, strict=True)):
            self._matches[place] = self._all(field, values)
        if not self._readable():
            yield finding(Code.FACE_UNREADABLE, "", self._kinds_of_content())
            return
        wrong = dict(self._labelled(fields, forms))
        for place, (field, values) in enumerate(zip(fields, forms, strict=True)):
            if place in wrong:
                yield finding(Code.FACE_DIFFERS, "", self._told(field, wrong[place]))
                continue
            for value, matches in zip(values, self._matches[place], strict=True):
                yield from self._judged(field, value, matches)
        yield from self._exchanged()
        if self._kind.known:
            yield from self._unexplained()
        if self._face.doubts:
            yield finding(Code.FACE_UNDECIDED, "", f"not read: {shown(self._face.doubts[0], 100)}")

    def _readable(self) -> bool:
        if any(matches for each in self._matches.values() for matches in each):
            return True
        if not self._face.pieces:
            return bool(self._face.hidden)
        return not self._face.pictures or any(True for label in self._labels for _ in self._seen.labels(label))

    def _kinds_of_content(self) -> str:
        return "pictures or outlines only" if self._face.pictures else "no text"

    def _all(self, field: FaceField, values: Sequence[Sequence[str]]) -> list[list[Match]]:
        """Where each value of a field stands; several are looked for as one list first, which may be wrapped."""
        if len(values) > 1:
            firsts = [each[0] for each in values]
            together = self._find(self._seen, field, [mark.join(firsts) for mark in _BETWEEN])
            if together and together[0].whole:
                return [together] * len(values)
        return [self._find(self._seen, field, each) for each in values]

    def _find(self, search: Search, field: FaceField, forms: Sequence[str]) -> list[Match]:
        by_itself = field.form is Form.TEXT and not all(c.isascii() for form in forms for c in form)
        best: list[Match] = []
        for form in forms:
            found = search.find(form, by_itself=by_itself)
            if found and found[0].whole:
                return found
            best = best or found
        return best

    # ------------------------------------------------------------------ words and what stands beside them

    def _labelled(
        self, fields: Sequence[FaceField], forms: Sequence[Sequence[Sequence[str]]]
    ) -> Iterator[tuple[int, str]]:
        """Fields beside whose word something else stands, with what it is."""
        for place in range(len(fields)):
            for matches in self._matches[place]:
                if matches and matches[0].whole:
                    for match in matches:
                        self._used |= {id(piece) for piece in match.pieces if match.whole}
        owners: dict[str, list[int]] = defaultdict(list)
        for place, field in enumerate(fields):
            for label in field.labels:
                owners[label].append(place)
        for label, places in owners.items():
            count = 0
            for piece, inline in self._seen.labels(label):
                if id(piece) in self._used and not inline:
                    continue  # the word is part of a value
                place = places[count % len(places)]
                count += 1
                if not forms[place]:
                    continue
                other = self._other_than(place, fields[place], forms[place], piece, inline=inline, label=label)
                if other is not None:
                    yield place, other

    def _other_than(
        self,
        place: int,
        field: FaceField,
        forms: Sequence[Sequence[str]],
        piece: Piece,
        *,
        inline: bool,
        label: str,
    ) -> str | None:
        """What stands at a word if it is not the field's value; None if it is, or nothing is there."""
        at = [piece] if inline else self._seen.beside(piece)
        at = [each for each in at if each.text.rstrip(":") not in self._labels]
        if not at:
            return None
        near = {id(each) for each in at}
        if any(
            match.whole and any(id(each) in near for each in match.pieces)
            for matches in self._matches[place]
            for match in matches
        ):
            return None
        text = "".join([each.text for each in at])
        if inline:
            text = text[len(label) + 1 :]
        elif not self._kind.known and all(id(each) in self._used for each in at):
            return None  # another field's value, in a layout that is not known
        if "\ufffd" in text:
            return None  # nobody knows what is drawn: told as a doubt
        if not self._kind.known and not self._contradicts(field, forms, text):
            return None
        if any(match.doubts for matches in self._matches[place] for match in matches):
            return None  # told as a doubt
        return text

    def _contradicts(self, field: FaceField, forms: Sequence[Sequence[str]], text: str) -> bool:
        """For a type that is not known: whether what stands at a word is another value of the field's kind."""
        if field.form is Form.DATE:
            found = _DATE.search(text)
            return found is not None and all(found.group() not in each for each in forms)
        longest = max((len(form) for each in forms for form in each), default=0)
        if field.form is Form.PERSON:
            return text.isascii() and text.isalnum() and len(text) == longest
        return not any(form in text for each in forms for form in each)

    # ------------------------------------------------------------------ single values

    def _judged(self, field: FaceField, forms: Sequence[str], matches: list[Match]) -> Iterator[Finding]:
        best = matches[0] if matches else None
        if best is not None and best.whole and not best.doubts:
            return
        if best is not None and best.whole:
            yield finding(Code.FACE_UNDECIDED, "", f"{field.name}: {best.doubts[0]}")
            return
        said = self._find(self._said, field, forms)
        if said and said[0].whole:
            unknown = any("\ufffd" in piece.text for piece in said[0].pieces)
            code = Code.FACE_UNDECIDED if unknown else Code.FACE_GLYPH_MISMATCH
            drawn = "what is not known" if unknown else "other characters"
            yield finding(code, "", f"{field.name}: its glyphs draw {drawn}")
            return
        hidden = self._find(self._hidden, field, forms)
        if hidden and best is None:
            yield finding(Code.FACE_HIDDEN, "", f"{field.name}: {hidden[0].pieces[0].runs[0].why}")
            return
        if best is not None:
            yield finding(Code.FACE_UNDECIDED, "", f"{field.name}: it stands within other text")
            return
        if not field.shown:
            return
        only = " but in an annotation" if self._find(self._beside, field, forms) else ""
        code = Code.FACE_MISSING if self._kind.known else Code.FACE_NOT_SHOWN
        yield finding(code, "", f"{field.name}: {self._masked(field.name, forms[0])} is nowhere{only}")

    def _exchanged(self) -> Iterator[Finding]:
        """Glyphs that are those of other characters, wherever they stand."""
        told = set()
        for run in self._face.exchanged:
            for said, drawn in zip(run.said, run.drawn, strict=True):
                if drawn in {said, "\ufffd"} or folded(said) == folded(drawn):
                    continue
                told.add(f"U+{ord(drawn):04X} is drawn for U+{ord(said):04X}")
        for each in sorted(told)[:3]:
            yield finding(Code.FACE_GLYPH_MISMATCH, "", each)

    def _unexplained(self) -> Iterator[Finding]:
        """Dates that stand by themselves and are in no metadata: nobody knows what they are the dates of."""
        for piece in self._face.pieces:
            if id(piece) not in self._used and _DATE.fullmatch(piece.text):
                yield finding(Code.FACE_UNDECIDED, "", f"{piece.text} is no date of the metadata")
                return

    # ------------------------------------------------------------------ details

    def _told(self, field: FaceField, other: str) -> str:
        signed = written_forms(field, self._metadata, self._data)
        value = signed[0][0] if signed else ""
        return f"{field.name}: shown {self._masked(field.name, other)}, signed {self._masked(field.name, value)}"

    def _masked(self, name: str, text: str) -> str:
        """A value as a report may carry it: what may be a person's is cut to its ends."""
        if name in _PUBLIC or (name in ("CZZT", "CZZTDM") and self._legal):
            text = _NUMBER.sub(_masked_number, text)
        elif len(text) > 2:
            text = f"{text[0]}{'*' * min(len(text) - 2, 20)}{text[-1]}"
        else:
            text = f"{text[:1]}*"
        return shown(text, _LONGEST)


def _masked_number(found: re.Match[str]) -> str:
    try:
        return CitizenNumber.parse(found.group().upper()).masked
    except MalformedDataError:
        return found.group()
