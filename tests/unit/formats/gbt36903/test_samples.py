"""CustomDatas of real files, none of them licences."""

from pathlib import Path

from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt36903 import ViolationCode, from_custom_data, validate


def test_pairs_of_other_documents_are_read_and_found_wanting(samples_dir: Path) -> None:
    """Pairs of invoices and forms are read without error; as licences they lack what is mandatory, nothing more."""
    files = sorted((samples_dir / "ofd").rglob("*.ofd"))
    assert files
    with_pairs = 0
    for file in files:
        for body in OfdDocument.read(OfdPackage.open(file.read_bytes())).bodies:
            metadata = from_custom_data(body.info.custom_data)
            with_pairs += bool(metadata.values)
            found = validate(metadata, strict=False)
            assert {violation.code for violation in found} == {ViolationCode.MISSING}
    assert with_pairs > 5
