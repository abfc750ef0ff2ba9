"""Workers of pytest start with the long files, mix them with those that wait, and lose none."""

import itertools

from tests.support.file_order import mixed

SUITES = {"chaos": 3, "contract": 20, "e2e": 17, "fuzz": 3, "integration": 100, "unit": 200}
FILES = [f"{suite}/test_{number}.py" for suite, count in SUITES.items() for number in range(count)]
TESTS = [(file, number) for file in FILES for number in range(3)]


def order(tests: list[tuple[str, int]]) -> list[str]:
    """The files in which tests are run."""
    return list(dict.fromkeys(file for file, _ in mixed(tests, lambda test: test[0])))


def test_every_test_is_run_once_beside_those_of_its_file_and_in_their_order() -> None:
    ran = mixed(TESTS, lambda test: test[0])

    assert sorted(ran) == sorted(TESTS)
    assert ran == [(file, number) for file in order(TESTS) for number in range(3)]


def test_files_of_whole_pipelines_are_spread_over_those_of_one_component() -> None:
    files = [file for file in order(TESTS) if file.split("/")[0] in {"chaos", "e2e", "integration"}]
    busy = [rank for rank, file in enumerate(files) if not file.startswith("integration")]

    assert len(busy) == 20
    assert busy[0] == 0
    assert all(2 <= later - earlier <= 7 for earlier, later in itertools.pairwise(busy))
    assert busy[-1] < 0.8 * len(files)


def test_short_files_come_last_and_fill_what_the_long_ones_leave() -> None:
    last = order(TESTS)[-223:]

    assert {file.split("/")[0] for file in last} == {"contract", "fuzz", "unit"}


def test_a_part_of_the_suites_is_run_in_its_own_order() -> None:
    assert order([("unit/test_2.py", 0), ("unit/test_1.py", 0)]) == [
        "unit/test_2.py",
        "unit/test_1.py",
    ]
    assert order([("e2e/test_2.py", 0), ("unit/test_1.py", 0)])[0] == "e2e/test_2.py"
