"""Records of a ZIP file as the reader and the writer share them (PKWARE APPNOTE 6.3, 4.3)."""

from __future__ import annotations

import struct
from typing import Final

STORED: Final = 0
DEFLATED: Final = 8
UTF8_FLAG: Final = 0x0800
DESCRIPTOR_FLAG: Final = 0x0008

LOCAL_SIGNATURE: Final = b"PK\x03\x04"
CENTRAL_SIGNATURE: Final = b"PK\x01\x02"
END_SIGNATURE: Final = b"PK\x05\x06"
DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
ZIP64_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
ZIP64_LOCATOR_SIZE: Final = 20

LOCAL: Final = struct.Struct("<4s5H3I2H")
"""Signature, version needed, flags, method, time, date, CRC, stored size, size, name size, extra size."""
CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
"""Signature, version made by, version needed, flags, method, time, date, CRC, stored size, size, name size,
extra size, comment size, disk, internal attributes, external attributes, offset of the local header."""
END: Final = struct.Struct("<4s4H2IH")
"""Signature, disk, disk of the directory, entries here, entries, directory size and offset, comment size."""
DESCRIPTOR: Final = struct.Struct("<3I")
"""CRC, stored size, size."""
DESCRIPTOR64: Final = struct.Struct("<I2Q")
"""The same with the sizes of ZIP64."""
ZIP64_SIZES: Final = struct.Struct("<2Q")
"""Extra field of a local header whose sizes are 0xFFFFFFFF: size, stored size."""
ZIP64_EXTRA: Final = 0x0001
ZIP64_SENTINEL: Final = 0xFFFFFFFF
EXTRA: Final = struct.Struct("<2H")
"""Kind, size."""
