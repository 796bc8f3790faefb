"""The table of `make slack ENGINE=URL`, and what must hold of it."""
from testbed.figures import mean, percentile, spread

HEAD = ["run", "work, tok/s", "in flight", "TTFT p50, ms", "TTFT p99, ms", "TPOT p50, ms", "TPOT p99, ms", "token, of T",
        "Jain", "half out, s", "back, s"]


class Table:
    """All outcomes by run and seed; runs are `alone`, `target`, `fixed`, `target-3`."""

    def __init__(self, outcomes, seeds, load, target):
        """`target`: milliseconds."""
        self.outcomes, self.seeds, self.load, self.target = outcomes, seeds, load, target

    def of(self, name):
        return [self.outcomes[name, seed] for seed in self.seeds]

    def held(self, outcome):
        """The median over all seconds of what a token took for users, by the target."""
        return percentile([taken for _, _, taken in outcome.seconds_of_users], 0.5) / self.target

    def ratios(self, figure, name, other):
        """Of each seed's own pair."""
        return [figure(self.outcomes[name, seed]) / figure(self.outcomes[other, seed]) for seed in self.seeds]

    def against(self, figure):
        """The target by the fixed number."""
        return self.ratios(figure, "target", "fixed")

    def seconds(self, name, place):
        found = [seconds for outcome in self.of(name) for seconds in outcome.reactions(self.load)[place]]
        known = [value for value in found if value is not None]
        missing = f", {len(found) - len(known)} of {len(found)} never" if known and len(known) < len(found) else ""
        return spread(known, lambda value: f"{value:.1f}") + missing if known else "–" if not found else "never"

    def row(self, name, words):
        outcomes = self.of(name)
        work = name != "alone"

        def cell(figure, form):
            return spread([figure(outcome) for outcome in outcomes], form)

        cells = [words, cell(lambda each: each.work, "{:,.0f}".format) if work else "–",
                 cell(lambda each: each.mean_in_flight, "{:.1f}".format) if work else "–",
                 *(cell(figure, "{:.0f}".format) for figure in FIRST), *(cell(figure, "{:.1f}".format) for figure in EACH),
                 cell(self.held, "{:.2f}".format),
                 cell(lambda each: each.jain, "{:.3f}".format) if outcomes[0].jain is not None else "–",
                 *((self.seconds(name, 0), self.seconds(name, 1)) if name.startswith("target") else ("–", "–"))]
        return line(cells)

    def pairs(self, name, other, words):
        """A row of ratios."""
        figures = [lambda each: each.work, lambda each: each.mean_in_flight, *FIRST, *EACH, self.held]
        return line([words, *(spread(self.ratios(figure, name, other), "×{:.2f}".format) for figure in figures),
                     "–", "–", "–"])

    def lines(self):
        numbers = sorted({number(outcome) for outcome in self.of("fixed")})
        numbers = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        return [line(HEAD), "|---" * len(HEAD) + "|",
                self.row("alone", "no asynchronous work"),
                self.row("target", f"`--token-latency-target {self.target:g}ms`"),
                self.row("fixed", f"`--slack off --concurrency` {numbers}"),
                self.row("target-3", f"`--token-latency-target {self.target:g}ms`, 3 processes"),
                self.pairs("target", "fixed", "target by fixed"),
                self.pairs("target-3", "target", "3 processes by one")]

    def checks(self):
        """What must hold, in words, and whether it does."""
        outs = [seconds for name in ("target", "target-3") for outcome in self.of(name)
                for seconds in outcome.reactions(self.load)[0]]
        failed = sum(len(outcome.failed) for outcome in self.outcomes.values())

        def is_held(name):
            return abs(mean([self.held(outcome) for outcome in self.of(name)]) - 1) <= 0.1

        return [
            ("all users were answered", failed == 0),
            ("of the fixed number 95 % were at the server, in the mean",
             all(outcome.mean_in_flight >= 0.95 * number(outcome) for outcome in self.of("fixed"))),
            ("the fixed number does the work of the target within 10 %",
             abs(mean(self.against(lambda each: each.work)) - 1) <= 0.1),
            ("half is gone within 5 s of a burst, in the median",
             bool(outs) and percentile([10 ** 9 if seconds is None else seconds for seconds in outs], 0.5) <= 5),
            ("TPOT p99 is no worse than with the fixed number: at most ×1.05", mean(self.against(EACH[1])) <= 1.05),
            ("TTFT p99 is better", mean(self.against(FIRST[1])) < 1),
            ("TPOT p50 is better", mean(self.against(EACH[0])) < 1),
            ("TTFT p50 is better", mean(self.against(FIRST[0])) < 1),
            ("one process holds the target within 10 %", is_held("target")),
            ("three processes hold it within 10 %", is_held("target-3")),
            ("and share evenly, Jain 0.9", min(outcome.jain or 0 for outcome in self.of("target-3")) >= 0.9),
        ]


FIRST = [lambda each: each.first_token(0.5), lambda each: each.first_token(0.99)]
EACH = [lambda each: each.per_token(0.5), lambda each: each.per_token(0.99)]


def number(outcome):
    """How many at once its dispatch was told to have."""
    return int(outcome.flags[-1])


def line(cells):
    return "| " + " | ".join(cells) + " |"
