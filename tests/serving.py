"""An authority's services in a process of their own, as ``xinyin ca serve`` runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(folder: Path, arguments: Sequence[str]) -> Iterator[str]:
    """Serve an authority's folder on a port of its own; gives the address, ``http://127.0.0.1:PORT``."""
    command = [sys.executable, "-m", "api", "ca", "serve", "--directory", str(folder)]
    command += ["--listen", "127.0.0.1:0", "--json", "--no-access-log", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        if not line:
            process.wait(30)
            raise RuntimeError(process.stderr.read())
        try:
            yield f"http://{json.loads(line)['listen']}"
        finally:
            process.terminate()
            process.wait(30)
