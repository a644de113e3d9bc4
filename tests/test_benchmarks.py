"""How the benchmarks judge, by a made-up clock, and that they know the machine and where each of them runs."""

import sys
import threading
import time
from itertools import chain, repeat

import pytest

from tests.benchmarks import machine, measure, processes
from tools import bench, environments, optional_environments

FREE = measure.Probe(share=0.98, seconds=0.1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def takes(self, *seconds: float):
        """Return what takes these seconds, one after the other and then again."""
        turns = chain.from_iterable(repeat(seconds))

        def run() -> None:
            self.now += next(turns)

        return run


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_median_and_the_middle_half_are_told(clock: Clock, capsys) -> None:
    watch = measure.Stopwatch(clock, lambda: FREE)
    jobs = {"one": watch.of(clock.takes(9.0, 0.1, 0.11, 0.12, 0.13, 0.14)), "other": watch.of(clock.takes(0.01))}
    times = watch.interleaved(jobs, rounds=5)  # the first of all, 9 s, warms up
    assert times["one"].seconds == pytest.approx((0.1, 0.11, 0.12, 0.13, 0.14))
    assert times["other"].seconds == pytest.approx((0.01,) * 5)
    watch.show("title", "bare", [measure.Row("one", times["one"], limit=0.03, words=("more",))], ("further",))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "title",
        "",
        "|  | time | spread | bare | share reached | further |",
        "|---|---|---|---|---|---|",
        "| one | 120 ms | 17 % | 30.0 ms | 25 % | more |",  # the middle half is 0.11 to 0.13
        "",
        "The cores were free (98 %), the probe took 100 ms, and the rounds vary by 17 % at most.",
    ]


def test_rounds_that_vary_too_much_are_not_judged(clock: Clock) -> None:
    watch = measure.Stopwatch(clock, lambda: FREE)
    times = watch.interleaved({"steady": watch.of(clock.takes(1.0)), "wild": watch.of(clock.takes(1.0, 2.0))}, rounds=6)
    rows = [measure.Row(name, taken) for name, taken in times.items()]
    assert watch.verdict(rows[:1]).startswith("The cores were free")
    assert watch.verdict(rows) == (
        "TOO LOADED TO JUDGE: the rounds of “wild” vary by 67 %. Run this again when the machine is at rest."
    )


def test_one_slow_round_of_many_is_not_held_against_the_machine(clock: Clock) -> None:
    probes = iter([FREE, FREE, measure.Probe(0.3, 0.2), FREE, FREE, FREE])
    watch = measure.Stopwatch(clock, lambda: next(probes))
    times = watch.interleaved({"one": watch.of(clock.takes(1.0, 1.0, 1.0, 5.0, 1.0, 1.0))}, rounds=5)
    assert watch.verdict([measure.Row("one", times["one"])]).startswith("The cores were free")


def test_other_programs_on_the_cores_are_told(clock: Clock) -> None:
    watch = measure.Stopwatch(clock, lambda: measure.Probe(0.6, 0.1))
    times = watch.interleaved({"one": watch.of(clock.takes(1.0))}, rounds=3)
    assert watch.verdict([measure.Row("one", times["one"])]) == (
        "TOO LOADED TO JUDGE: other programs leave 60 % of a core. End them and run this again."
    )


def test_a_processor_that_is_mostly_slower_than_it_can_is_told(clock: Clock) -> None:
    probes = iter([FREE, *[measure.Probe(0.98, 0.16)] * 3])
    watch = measure.Stopwatch(clock, lambda: next(probes))
    times = watch.interleaved({"one": watch.of(clock.takes(1.0))}, rounds=3)
    assert watch.verdict([measure.Row("one", times["one"])]) == (
        "TOO LOADED TO JUDGE: the processor mostly runs at 62 % of its own pace. Run this again when the host is at "
        "rest."
    )


@pytest.mark.parametrize(("processor_time", "share"), [(1.0, 1.0), (0.5, 0.5)])
def test_the_share_is_the_processor_time_of_the_worst_served_thread(processor_time, share, monkeypatch) -> None:
    """The clocks are made up: each thread's wall time is 2 s, and one of the four gets less than 2 s of its core."""
    local, numbers = threading.local(), iter(range(4))

    def ticks(of: str, step: float) -> float:
        value = getattr(local, of, -step) + step
        setattr(local, of, value)
        return value

    def own() -> float:
        if not hasattr(local, "number"):
            local.number = next(numbers)
        return ticks("own", 2.0 * (processor_time if local.number == 2 else 1.0))

    monkeypatch.setattr(measure, "cores", lambda: 4)
    monkeypatch.setattr(measure, "HASHES", 1)
    monkeypatch.setattr(time, "perf_counter", lambda: ticks("wall", 2.0))
    monkeypatch.setattr(time, "thread_time", own)
    assert measure.probe() == pytest.approx((share, 2.0))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.00123, "1.23 ms"), (0.0123, "12.3 ms"), (0.123, "123 ms"), (1.234, "1.23 s"), (75, "75.0 s")],
)
def test_a_duration_has_three_digits(seconds: float, words: str) -> None:
    assert measure.duration(seconds) == words


def test_a_system_without_proc_asks_others_for_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.Path, "is_file", lambda _: False)
    monkeypatch.setattr(machine.platform, "processor", lambda: "Intel64 Family 6 Model 143 Stepping 8, GenuineIntel")
    name, *instructions = machine.processor().split(", ")
    assert name == "Intel64 Family 6 Model 143 Stepping 8"
    assert len(instructions) > 1  # the vendor, and what numpy knows


def test_a_process_answers_each_round_and_says_its_last_words(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_side.py").write_text(
        "from tests.benchmarks.processes import peak_memory, serve\n"
        "turns = iter((0.5, 0.25))\n"
        "serve(lambda: next(turns), peak_memory)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    side = processes.Served("a_side")
    assert [side.turn(), side.turn()] == [0.5, 0.25]
    assert 1 << 20 < side.leave() < 1 << 30
    with pytest.raises(SystemExit, match="ended with"):
        processes.Served("no_such_side")


def test_the_graphics_card_has_the_build_that_its_driver_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for suggested, place in {"cuda": "bench-cuda", "rocm": "bench-rocm", "cpu": "bench", "apple": "bench"}.items():
        monkeypatch.setattr(bench, "suggested_build", lambda suggested=suggested: suggested)
        assert bench.environment("bench_gpu", None).name == place
    assert bench.environment("bench_gpu", "xpu").name == "bench-xpu"  # which no driver tells: the user does
    assert bench.environment("bench_groups", None).name == "bpy-4.5"
    assert bench.environment("bench_model", None).name == "bench"


def test_optional_environments_are_made_by_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not set(optional_environments.OPTIONAL) & set(environments.ENVIRONMENTS)
    made = []
    monkeypatch.setattr(optional_environments, "make", lambda row: made.append(row.name) or sys.executable)
    monkeypatch.setattr(sys, "argv", ["optional_environments"])
    with pytest.raises(SystemExit, match="no-blas"):
        optional_environments.main()
    monkeypatch.setattr(sys, "argv", ["optional_environments", "no-blas"])
    optional_environments.main()
    assert made == ["no-blas"]


def test_the_builds_for_graphics_cards_are_those_that_the_extension_fetches() -> None:
    told = (environments.ROOT / "addon" / "engine" / "backends.py").read_text(encoding="utf-8")
    for build, folder in optional_environments.GRAPHICS.items():
        assert f'Backend("{build}"' in told
        assert not folder or f"{{_WHEELS}}{folder}" in told
