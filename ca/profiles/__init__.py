"""Certificate profiles as data files; ``ca.profile`` reads them."""
