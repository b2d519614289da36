"""Seal pictures (印模): drawn once as shapes in millimetres, then written as PNG, SVG or a nested OFD page.

``draw_seal`` gives the shapes of a round, oval or rectangular seal; ``png``, ``svg`` and ``ofd_package`` are three
ways to carry the same shapes. Sizes and customs follow 国发〔1999〕25号 where it rules and common practice
elsewhere; the national emblem is never drawn, a star stands in its place.
"""

from seal_service.pictures.carriers import ofd_package, png, svg
from seal_service.pictures.design import SealDesign, draw_seal
from seal_service.pictures.shapes import Drawing

__all__ = ["Drawing", "SealDesign", "draw_seal", "ofd_package", "png", "svg"]
