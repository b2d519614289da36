"""Drawing several licences at once."""

from dataclasses import replace

from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt36903 import from_custom_data
from licence_service import built_in_types
from licence_service.painting import FaceToPaint
from tests.small_office import open_office, painter


def test_faces_drawn_together_are_those_drawn_alone() -> None:
    """A batch, of two types mixed, gives each licence exactly the face it gets by itself."""
    office = open_office()
    issued = office.licences.issue(office.request())
    info = OfdDocument.read(OfdPackage.open(issued.document)).bodies[0].info
    metadata = from_custom_data(list(info.custom_data))
    renamed = replace(metadata, values={**metadata.values, "CZZT": ("青禾县另一家商店",)})
    types = built_in_types()
    kind = types["business-licence"]
    other = replace(kind, version=f"{kind.version}-other")
    items = [
        FaceToPaint(kind, metadata, "0" * 32),
        FaceToPaint(other, renamed, "1" * 32),
        FaceToPaint(kind, renamed, "2" * 32),
    ]
    together = painter().paint_many(items)
    alone = [painter().paint(item.licence_type, item.metadata, document_id=item.document_id) for item in items]
    assert together == alone
    assert len({face.entries["OFD.xml"] for face in together}) == 3


def test_nothing_to_draw_gives_nothing() -> None:
    """An empty batch is no error."""
    assert painter().paint_many([]) == []
