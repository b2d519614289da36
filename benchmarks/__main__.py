"""Run measurements and write ``build/bench.json``.

``python -m benchmarks`` runs every module of this folder that has a ``run(record)``; names on the command line
choose some. Results already in the file under other names stay there, so that one subject can be measured anew.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import benchmarks
from crypto import engine_details

OUTPUT = Path("build/bench.json")


def main(names: list[str]) -> int:
    """Run the chosen subjects (all by default) and print a table with ratios to the peers."""
    known = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 3
    results: dict[str, dict[str, object]] = {}
    if OUTPUT.exists():
        results = {entry["name"]: entry for entry in json.loads(OUTPUT.read_text(encoding="utf-8"))}

    def record(name: str, value: float, unit: str, peers: dict[str, float] | None = None, cores: int = 1) -> None:
        peers = peers or {}
        results[name] = {"name": name, "value": value, "unit": unit, "cores": cores, "peers": peers}
        ratios = "   ".join(
            f"{value / other:.2f} × {peer} ({other:,.0f})" for peer, other in peers.items() if other
        )
        plural = "s" if cores > 1 else " "
        print(f"  {name:<44}{value:>14,.1f} {unit:<8} {cores} core{plural}  {ratios}", flush=True)

    print(f"engine: {engine_details()}")
    for name in names or known:
        print(f"{name}:", flush=True)
        importlib.import_module(f"benchmarks.{name}").run(record)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(list(results.values()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {OUTPUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
