"""One run of `make slack ENGINE=URL`: real stages beside online users at a real server, and what became of both."""
import json, os, random, shutil, tempfile, time
from dataclasses import asdict, dataclass, field

from testbed import figures
from testbed.experiment import completed
from testbed.online_users import Answer, Load, Sizes, Users, chat, time_per_token
from testbed.pipeline import Pipeline

WARM_UP = 10
EVERY = 0.25
# More than a run of two minutes takes of most servers; and how long the server has to be rid of the last of a run.
REQUESTS = 20_000
PAUSE = 3
# Dispatch lets go at every full ten minutes of the wall clock, for at most so long.
QUIET_EVERY, QUIET_LENGTH = 600, 20


@dataclass(frozen=True)
class Engine:
    """A server, who its users are, and what the asynchronous work is."""
    base: str
    model: str
    extra: dict
    load: Load
    users: Sizes
    work: Sizes

    def requests(self, seed):
        rng = random.Random(f"work {seed}")
        for number in range(REQUESTS):
            yield json.dumps({"id": f"{seed}-{number}", "deadline": int(time.time()) + 3600,
                              "payload": chat(self.model, self.extra, *self.work.draw(rng))})

    def run(self, binaries, seed, length, flags=None, dispatchers=1):
        """Lets users come for `length` seconds, the first `WARM_UP` of which do not count, beside asynchronous work.

        `flags`: of dispatch; None for users alone. The work goes on until the last user has been answered.
        """
        avoid_quiet_times(length)
        # In memory: how fast a disk is has nothing to do with it.
        folder = tempfile.mkdtemp(prefix="ap-slack-", dir="/dev/shm" if os.path.isdir("/dev/shm") else "/tmp")
        pipeline = users = None
        try:
            if flags is not None:
                os.mkdir(f"{folder}/pipeline")
                pipeline = Pipeline(binaries, f"{self.base}/chat/completions", flags, folder=f"{folder}/pipeline",
                                    dispatchers=dispatchers, settings=["--sqlite.inference-objective", "batch"])
            bodies = list(self.requests(seed)) if pipeline else []
            users = Users(self.base, self.model, self.extra, self.load, self.users, seed, length)
            if pipeline:
                pipeline.submit(bodies=bodies)
            outcome = watch(users, pipeline, length)
            if pipeline and pipeline.answers() > REQUESTS * 0.98:
                raise SystemExit("the queue was empty before the end; REQUESTS in engine_experiment.py is too small")
            return outcome
        finally:
            if users:
                users.end()
            if pipeline:
                pipeline.end()
            shutil.rmtree(folder, ignore_errors=True)
            time.sleep(PAUSE)


def avoid_quiet_times(length):
    """Waits, so that none falls into a run; they are not what is measured."""
    left = QUIET_EVERY - time.time() % QUIET_EVERY
    if left < length + QUIET_LENGTH < QUIET_EVERY:
        time.sleep(left + 1)


def watch(users, pipeline, length):
    """Looks a few times a second at what is in flight, until the time is over and all users have been answered."""
    rows, counts = [], []
    while (now := time.monotonic() - users.begin) < length or not users.are_done:
        if pipeline:
            pipeline.check()
            attempts = [pipeline.status(name).get("counts", {}).get("attempts") for name in pipeline.dispatchers]
            if now < length and None not in attempts:
                rows.append((now, sum(attempts)))
            if len(counts) < 2 and now >= (WARM_UP, length)[len(counts)]:
                counts += tokens(users, pipeline)
        time.sleep(max(0.01, EVERY - (time.monotonic() - users.begin) % EVERY))
    while pipeline and len(counts) < 2:
        pipeline.check()
        counts += tokens(users, pipeline)
    shares = [after - before for before, after in zip(counts[0][1], counts[1][1])] if counts else []
    return Outcome(length, users.answers(), rows, shares, counts[1][0] - counts[0][0] if counts else 0)


def tokens(users, pipeline):
    """When, and what each dispatch process has been answered until then; nothing when one does not say."""
    metrics = [pipeline.get(name, "metrics") for name in pipeline.dispatchers]
    return [(time.monotonic() - users.begin, [completed(text) for text in metrics])] if all(metrics) else []


@dataclass
class Outcome:
    """What was measured in one run."""
    length: float
    answers: list
    # When, and how many asynchronous requests were at the server.
    rows: list
    # Completion tokens of the dispatch processes within `seconds`.
    shares: list
    seconds: float
    # Those that dispatch had, for people.
    flags: list = field(default_factory=list)

    def save(self, path):
        with open(path + ".new", "w") as file:
            json.dump(asdict(self), file)
        os.replace(path + ".new", path)

    @classmethod
    def load(cls, path):
        with open(path) as file:
            values = json.load(file)
        return cls(**{**values, "answers": [Answer(**answer) for answer in values["answers"]]})

    @property
    def good(self):
        return [answer for answer in self.answers if not answer.error and answer.sent >= WARM_UP]

    @property
    def failed(self):
        return [answer.error for answer in self.answers if answer.error]

    def first_token(self, part):
        """Milliseconds; `part`: the percentile, 0...1."""
        return 1000 * figures.percentile([answer.first for answer in self.good], part)

    def per_token(self, part):
        """Milliseconds; `part`: the percentile, 0...1."""
        return 1000 * figures.percentile([answer.per_token for answer in self.good if answer.per_token], part)

    @property
    def work(self):
        """Asynchronous completion tokens per second."""
        return sum(self.shares) / self.seconds if self.shares else 0

    @property
    def jain(self):
        return figures.jain(self.shares)

    def in_flight(self, begin, end):
        """Asynchronous requests at the server, the mean over that time."""
        counted = [count for at, count in self.rows if begin <= at < end]
        return figures.mean(counted) if counted else 0

    @property
    def mean_in_flight(self):
        return self.in_flight(WARM_UP, self.length)

    @property
    def seconds_of_users(self):
        """(asynchronous requests, users, milliseconds per token) of each second that counts."""
        found = []
        for second in range(WARM_UP, int(self.length)):
            if taken := time_per_token(self.answers, second, second + 1):
                present = sum(answer.sent <= second + 0.5 < answer.times[-1] for answer in self.answers if answer.times)
                found.append((self.in_flight(second, second + 1), present, 1000 * taken))
        return found

    def reactions(self, load):
        """Of each burst, see `figures.reactions`; the second only where a whole gap came after it."""
        bursts = load.bursts(self.length)
        times, counts = zip(*self.rows) if self.rows else ([], [])
        found = figures.reactions(times, counts, EVERY, bursts, load.gap)
        return ([out for out, _ in found],
                [back for (_, back), (_, end) in zip(found, bursts) if end + load.gap <= self.length])


def equal_number(alone, target):
    """How many at once do the work of a run that was held at a target.

    Its mean in flight need not be that, since a token takes longer while there are many. So a line is laid through the
    time per token over all requests at the server, in each second of both runs. It says how long a token would have taken
    in the same seconds with the same users and N of ours; N is the one for which the sum of N / time is what it was.
    """
    seconds = target.seconds_of_users
    points = [(ours + users, taken) for ours, users, taken in alone.seconds_of_users + seconds]
    middle = figures.mean([x for x, _ in points]), figures.mean([y for _, y in points])
    wide = sum((x - middle[0]) ** 2 for x, _ in points)
    slope = max(0, sum((x - middle[0]) * (y - middle[1]) for x, y in points) / wide) if wide else 0

    def work(number):
        """Of a number at once; None: of those that there were."""
        return sum((ours if number is None else number)
                   / max(0.1 * taken, taken + (0 if number is None else slope * (number - ours)))
                   for ours, _, taken in seconds)

    return min(range(1, 1001), key=lambda number: abs(work(number) - work(None)))
