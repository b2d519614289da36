"""What layout raises: the question cannot be put on paper.

Text that is merely too long is no error; it comes back as a remainder.
"""


class LayoutError(ValueError):
    """A box is too small for a single line of its text, or a measure makes no sense."""
