"""A verifier that serves millions remembers: no document may leave anything behind that changes another's report."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from formats.gbt33190.package_writer import write_package
from tests.unit.verifier.documents import sealed
from tests.unit.verifier.nation import NOW, nation
from tests.unit.verifier.test_twins import TWINS
from verifier.report import Report
from verifier.verification import Verifier

TRUST = nation().trust()


def documents() -> list[bytes]:
    """Every hostile twin that the one nation judges, and genuine documents among them."""
    made = [twin.make() for twin in TWINS.values() if twin.people is nation and not twin.options]
    made += [sealed(), sealed(()), sealed()]
    return [each if isinstance(each, bytes) else write_package(each) for each in made]


def told(report: Report) -> object:
    return report.to_dict()


@pytest.fixture(scope="module")
def judged() -> list[tuple[bytes, object]]:
    """Documents and what a verifier says of each that has seen no other."""
    return [(data, told(Verifier(TRUST).verify(data, at=NOW))) for data in documents()]


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_order_of_documents(judged: list[tuple[bytes, object]], size: int) -> None:
    """Whatever came before, and however much is remembered, each report is what a fresh verifier writes."""
    verifier = Verifier(TRUST, cache_size=size)
    order = judged * 3
    random.Random(size).shuffle(order)
    for data, expected in order:
        assert told(verifier.verify(data, at=NOW)) == expected


def test_threads(judged: list[tuple[bytes, object]]) -> None:
    """The same from eight threads at once, with a memory so small that they throw out one another's results."""
    verifier = Verifier(TRUST, cache_size=2)
    order = judged * 4
    random.Random(7).shuffle(order)

    def same(each: tuple[bytes, object]) -> bool:
        return told(verifier.verify(each[0], at=NOW)) == each[1]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(same, order))
