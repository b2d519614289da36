"""Licence metadata (电子证照元数据), GB/T 36903-2018: elements, holder codes, the record itself, its rules.

Elements, lengths, presence and code lists come from ``formats/data/gbt36903-metadata.json``. Short names that the
standard's text does not give us are extension names of this project's choosing, marked as such in that file.
"""

from formats.gbt36903.custom_data import from_custom_data, to_custom_data
from formats.gbt36903.dates import (
    UNLIMITED,
    format_date,
    format_date_time,
    parse_date,
    parse_date_time,
    parse_end_date,
)
from formats.gbt36903.holder import Holder, HolderCode
from formats.gbt36903.metadata import Metadata
from formats.gbt36903.schema import (
    Element,
    ElementType,
    HolderKind,
    MetadataElement,
    MetadataSchema,
    Origin,
    Presence,
    default_schema,
    read_schema,
)
from formats.gbt36903.validation import Violation, ViolationCode, validate

__all__ = [
    "UNLIMITED",
    "Element",
    "ElementType",
    "Holder",
    "HolderCode",
    "HolderKind",
    "Metadata",
    "MetadataElement",
    "MetadataSchema",
    "Origin",
    "Presence",
    "Violation",
    "ViolationCode",
    "default_schema",
    "format_date",
    "format_date_time",
    "from_custom_data",
    "parse_date",
    "parse_date_time",
    "parse_end_date",
    "read_schema",
    "to_custom_data",
    "validate",
]
