"""Containers we write, judged by Info-ZIP."""

import shutil
import subprocess
from pathlib import Path

import pytest

from formats.gbt33190.package_writer import Precompressed, write_package

pytestmark = pytest.mark.peer

ENTRIES = {
    "OFD.xml": b"<OFD/>",
    "Doc_0/Document.xml": b"<ofd:Document>" + b"<ofd:Page/>" * 500 + b"</ofd:Document>",
    "Doc_0/Res/image_3.png": b"\x89PNG\r\n\x1a\n" + bytes(300),
    "Doc_0/empty.dat": b"",
}


@pytest.fixture
def unzip() -> str:
    found = shutil.which("unzip")
    if found is None:
        pytest.skip("Info-ZIP's unzip is not installed")
    return found


def test_unzip_finds_no_fault(unzip: str, tmp_path: Path) -> None:
    """Info-ZIP tests and unpacks what we write to the octets that went in, precompressed parts included."""
    file = tmp_path / "document.ofd"
    template = Precompressed.of(ENTRIES["Doc_0/Document.xml"])
    file.write_bytes(write_package({**ENTRIES, "Doc_0/Tpls/Tpl_0/Content.xml": template}))
    tested = subprocess.run([unzip, "-t", str(file)], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "No errors detected" in tested.stdout
    subprocess.run([unzip, "-q", str(file), "-d", str(tmp_path / "out")], check=True)
    for name, data in {**ENTRIES, "Doc_0/Tpls/Tpl_0/Content.xml": template.plain}.items():
        assert (tmp_path / "out" / name).read_bytes() == data
