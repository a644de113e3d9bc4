"""How every benchmark measures, prints its table, and judges whether the machine was free enough to go by it.

The standard library alone, for any Python and any system.
"""

import hashlib
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LEAST = 0.9  # of a core, or of its pace: a program that gets less shares it with others
WIDEST = 0.25  # of the median: rounds that vary more say nothing
HASHES = 300_000  # of a probe: about a tenth of a second


class Probe(NamedTuple):
    """What the worst served thread got when all cores were asked for at once.

    share: of its core, 1 if that is free. seconds: of its processor for a fixed work. They grow where a host gives
    half of a core, or lowers its clock, without a word to the system.
    """

    share: float
    seconds: float


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def probe() -> Probe:
    """Ask for all cores at once, and return what the worst served thread gets.

    Hashing needs no memory and holds no lock of Python's; a thread's processor time is told on every system.
    """
    shares, seconds = [], []

    def work() -> None:
        wall, own = time.perf_counter(), time.thread_time()
        hashlib.pbkdf2_hmac("sha256", b"", b"", HASHES)
        taken = time.thread_time() - own
        seconds.append(taken)
        shares.append(taken / (time.perf_counter() - wall))

    threads = [threading.Thread(target=work) for _ in range(cores())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Probe(min(shares), max(seconds))


@dataclass(frozen=True)
class Taken:
    """The seconds that one thing took, one number a round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of all rounds, in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float | None:
        """The middle half of the rounds, as a share of the median; None for a single round."""
        if len(self.seconds) < 2:
            return None
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (high - low) / self.median


@dataclass(frozen=True)
class Row:
    """A line of a table: what takes how long, the least seconds that it could take, and words for further columns."""

    name: str
    taken: Taken
    limit: float | None = None
    words: tuple[str, ...] = ()


class Stopwatch:
    """Lets things take turns, and judges in the end. clock: in seconds. look: at how free the cores are."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter, look: Callable[[], Probe] = probe) -> None:
        self._clock, self._look = clock, look
        self._probes: list[Probe] = []

    def of(self, run: Callable[[], object]) -> Callable[[], float]:
        """Return what runs it and returns its seconds."""

        def seconds() -> float:
            start = self._clock()
            run()
            return self._clock() - start

        return seconds

    def rounds(self, count: int) -> Iterator[int]:
        """Count, and look before each round and after the last how free the cores are."""
        for number in range(count):
            self._probes.append(self._look())
            yield number
        self._probes.append(self._look())

    def parts(self, job: Callable[[], Mapping[str, float]], rounds: int, warmups: int = 1) -> dict[str, Taken]:
        """Return what each part of a job took, in its own seconds."""
        for _ in range(warmups):
            job()
        turns = [job() for _ in self.rounds(rounds)]
        return {name: Taken(tuple(turn[name] for turn in turns)) for name in turns[0]}

    def interleaved(self, jobs: Mapping[str, Callable[[], float]], rounds: int, warmups: int = 1) -> dict[str, Taken]:
        """Return what each job took, in its own seconds; they take turns."""
        return self.parts(lambda: {name: job() for name, job in jobs.items()}, rounds, warmups)

    def show(self, title: str, limit: str, rows: Sequence[Row], columns: Sequence[str] = ()) -> None:
        """Print a table as Markdown, and the verdict on it. limit: what the rows' limits are, in words."""
        heads = ("", "time", "spread", limit, "share reached", *columns) if limit else ("", "time", "spread", *columns)
        print(f"\n{title}\n\n| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
        for row in rows:
            reached = (duration(row.limit), f"{100 * row.limit / row.taken.median:.0f} %") if row.limit else ("", "")
            spread = "" if row.taken.spread is None else f"{100 * row.taken.spread:.0f} %"
            cells = (row.name, duration(row.taken.median), spread, *(reached if limit else ()), *row.words)
            print(f"| {' | '.join(cells)} |")
        print(f"\n{self.verdict(rows)}", flush=True)

    def verdict(self, rows: Sequence[Row]) -> str:
        """Return whether the rows can be gone by, from the spreads and the probes since the last verdict."""
        shares, seconds = zip(*(self._probes or [self._look()]), strict=True)
        self._probes.clear()
        share, usual = statistics.median(shares), statistics.median(seconds)
        widest = max(rows, key=lambda row: row.taken.spread or 0.0)
        spread = widest.taken.spread or 0.0
        if share < LEAST:
            return too_loaded(share)
        if (pace := min(seconds) / usual) < LEAST:
            return (
                f"TOO LOADED TO JUDGE: the processor mostly runs at {100 * pace:.0f} % of its own pace. Run this again "
                "when the host is at rest."
            )
        if spread > WIDEST:
            return (
                f"TOO LOADED TO JUDGE: the rounds of “{widest.name}” vary by {100 * spread:.0f} %. Run this again when "
                "the machine is at rest."
            )
        return (
            f"The cores were free ({100 * share:.0f} %), the probe took {duration(usual)}, and the rounds vary by "
            f"{100 * spread:.0f} % at most."
        )


def too_loaded(share: float) -> str:
    """Return what to say where other programs leave only that share of a core."""
    return f"TOO LOADED TO JUDGE: other programs leave {100 * share:.0f} % of a core. End them and run this again."


def duration(seconds: float) -> str:
    """Return it for people: 12.3 ms, 123 ms, 1.23 s."""
    number, unit = (seconds, "s") if seconds >= 1 else (1e3 * seconds, "ms")
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f} {unit}"
