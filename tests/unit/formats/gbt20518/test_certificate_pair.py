"""crossCertificatePair."""

from __future__ import annotations

import pytest

from formats import der
from formats.errors import MalformedDataError
from formats.gbt20518.certificate_pair import CertificatePair, read_certificate_pair
from tests.unit.verifier.nation import CA_EXTENSIONS, issue, name

ONE = issue(name("甲根"), None, extra=CA_EXTENSIONS)
OTHER = issue(name("乙根"), None, extra=CA_EXTENSIONS)
TO_ONE = issue(ONE.certificate.subject, OTHER, extra=CA_EXTENSIONS, key=ONE.key).certificate
BY_ONE = issue(OTHER.certificate.subject, ONE, extra=CA_EXTENSIONS, key=OTHER.key).certificate


@pytest.mark.parametrize(
    "pair", [CertificatePair(TO_ONE, BY_ONE), CertificatePair(TO_ONE), CertificatePair(None, BY_ONE)]
)
def test_pair_comes_back(pair: CertificatePair) -> None:
    """Both certificates or either one, under their explicit tags."""
    assert read_certificate_pair(pair.encode()) == pair


def test_tags_are_the_standards() -> None:
    """issuedToThisCA is [0], issuedByThisCA is [1], each around a whole certificate."""
    first, second = der.parse(CertificatePair(TO_ONE, BY_ONE).encode()).children()
    assert (first.tag, second.tag) == (0xA0, 0xA1)
    assert first.explicit(0).encoded == TO_ONE.encoded
    assert second.explicit(1).encoded == BY_ONE.encoded


def test_certificates_that_do_not_answer_each_other_are_no_pair() -> None:
    """Neither written nor read: somebody else's certificate beside an own one would suggest a relation."""
    with pytest.raises(ValueError, match="at least one"):
        CertificatePair()
    with pytest.raises(ValueError, match="not issued to each other"):
        CertificatePair(TO_ONE, TO_ONE)
    mixed = der.sequence(der.explicit(0, BY_ONE.encoded), der.explicit(1, BY_ONE.encoded))
    with pytest.raises(MalformedDataError, match="not issued to each other"):
        read_certificate_pair(mixed)


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x00", der.sequence(der.null()), der.sequence(der.explicit(2, der.null()))]
)
def test_what_is_no_pair_is_refused(data: bytes) -> None:
    """Empty, of other members, or cut short."""
    with pytest.raises(MalformedDataError):
        read_certificate_pair(data)
    whole = CertificatePair(TO_ONE, BY_ONE).encode()
    with pytest.raises(MalformedDataError):
        read_certificate_pair(whole[:-1])
