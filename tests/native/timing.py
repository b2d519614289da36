# ruff: noqa: T201 - a report is printed
"""Does signing take longer for some nonces and keys than for others? A report after the method of dudect, never a verdict.

    python -m tests.native.timing [MEASUREMENTS]

For every path, operations on inputs of two classes (say one nonce, and random nonces) are timed in random order, and
Welch's t tells how sure one can be that the classes' mean times differ: below 4.5 nothing was seen, above it something was.

What it cannot tell: that there is no leak. It sees differences of mean time on this machine, with this compiler, between
these classes, larger than its noise; it sees no cache lines, no single bits, no power. On a shared or virtual machine the
noise is large and now and then passes 4.5 by itself: run again, with more measurements. tests/native/test_secrecy.py shows
what this cannot, that no branch and no address depends on a secret. Two rows judge the report itself: "the same twice"
should stay below 4.5, and the control (verification, which is public and may differ) should be far above.
"""

import subprocess
import sys

from tests.native import build

NOTICED = 4.5
MEASUREMENTS = 50_000


def main(arguments: list[str]) -> int:
    """Build, measure, print."""
    measurements = int(arguments[0]) if arguments else MEASUREMENTS
    try:
        program = build.program(build.RELEASE, "timing_driver.c", "-lm")
    except build.NotBuiltError as error:
        print(error, file=sys.stderr)
        return 3
    print(f"{'path':<10}{'operation':<18}{'classes':<30}{'at once':>8}{'mean 1':>12}{'mean 2':>12}{'t':>9}")
    with subprocess.Popen([str(program), str(measurements)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            path, operation, classes, lanes, first, second, t = line.rstrip("\n").split("\t")
            seen = "differs" if abs(float(t)) > NOTICED else ""
            print(
                f"{path:<10}{operation:<18}{classes:<30}{lanes:>8}{first:>12}{second:>12}{t:>9}  {seen}",
                flush=True,
            )
    print(f"Means are ticks of the time-stamp counter, cut at the 95th percentile; t beyond ±{NOTICED} is seen.")
    print("A report about this machine and these classes; it does not show that nothing leaks.")
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
