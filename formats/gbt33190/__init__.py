"""OFD fixed-layout documents (版式文档), GB/T 33190-2016.

Reading, from the container inwards:

- ``package``: the ZIP container, guarded; ``package_writer`` its deterministic counterpart
- ``xml``, ``locations``, ``parts``: XML parts, ST_Loc paths, and the two together with a cache
- ``document``: the document model over ``model``, ``resources``, ``page_reader``, ``annotations``,
  ``attachments``, ``custom_tags`` and ``extensions``; a page is made of ``page_objects``, ``color``, ``values``
- ``reachability``: which parts the document can reach, and why
- ``signatures``, ``references``, ``integrity``: the signing files and the digests they state

Signing: ``stamps`` places imprints, ``signature_writer`` writes the files, ``signing`` puts a signature together.

Nothing here decides whom to trust.
"""
