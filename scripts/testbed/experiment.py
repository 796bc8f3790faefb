"""One run of `make slack`: real stages beside simulated online users on one simulated pool, and what became of both."""
import json, os, re, shutil, signal, subprocess, tempfile, time

from testbed import figures
from testbed.pipeline import Pipeline, free_port

# The pool: two replicas whose step takes 4 ms and 0.1 ms more for each request; users come in bursts.
QUIET, BURST, BURST_LENGTH, GAP = 5, 60, 15, 25
POOL = ["--replicas", "2", "--token-time", "4ms", "--token-time-per-request", "100us", "--max-running", "128",
        "--online", f"steps:{QUIET},{BURST},{BURST_LENGTH}s,{GAP}s", "--online-tokens", "200,60"]
WARM_UP = 10
# More than the fastest run takes.
REQUESTS = 20_000
EVERY = 0.25


class Experiment:
    """What a run differs in from the others."""

    def __init__(self, name, flags=None, dispatchers=1, sheds=False, target=None):
        self.name, self.flags, self.dispatchers, self.sheds, self.target = name, flags, dispatchers, sheds, target
        if target:
            self.flags = ["--token-latency-target", f"{target}ms", "--concurrency", "512"]

    @property
    def words(self):
        words = " ".join(self.flags) if self.flags is not None else "no asynchronous work"
        words = words.replace(" --concurrency 512", "")
        words = f"`{words}`" if self.flags is not None else words
        return words + (f", {self.dispatchers} processes" if self.dispatchers > 1 else "") \
            + (", the gateway sheds" if self.sheds else "")

    def run(self, binaries, seed, length):
        """Runs it for `length` seconds, the first `WARM_UP` of which do not count."""
        # In memory: how fast a disk is has nothing to do with it.
        folder = tempfile.mkdtemp(prefix="ap-slack-", dir="/dev/shm" if os.path.isdir("/dev/shm") else "/tmp")
        pipeline = simulator = None
        try:
            port = free_port()
            if self.flags is not None:
                os.mkdir(f"{folder}/pipeline")
                pipeline = Pipeline(binaries, f"http://127.0.0.1:{port}/v1/completions", self.flags,
                                    folder=f"{folder}/pipeline", dispatchers=self.dispatchers,
                                    settings=["--sqlite.inference-objective", "batch"])
            # Users come from here on, and what waits in the queue is there when the first of them is.
            bodies = [body(seed, number) for number in range(REQUESTS)] if pipeline else []
            simulator = start_simulator(binaries, folder, port, seed, length, self.sheds)
            begin = time.monotonic()
            if pipeline:
                pipeline.submit(bodies=bodies)
            while time.monotonic() < begin + length:
                time.sleep(min(1, max(0, begin + length - time.monotonic())))
                if pipeline:
                    pipeline.check()
            shares = [completed(pipeline.get(name, "metrics")) for name in pipeline.dispatchers] if pipeline else []
            simulator.send_signal(signal.SIGTERM)
            simulator.wait(timeout=10)
            if pipeline and pipeline.answers() > REQUESTS * 0.98:
                raise SystemExit(f"{self.name}: the queue was empty before the end; REQUESTS is too small")
            return Outcome(f"{folder}/report.jsonl", shares)
        finally:
            if pipeline:
                pipeline.end()
            if simulator and simulator.poll() is None:
                simulator.kill()
                simulator.wait()
            shutil.rmtree(folder, ignore_errors=True)


def start_simulator(binaries, folder, port, seed, length, sheds):
    arguments = [f"{binaries}/apctl", "gateway-sim", "--port", str(port), "--seed", str(seed), *POOL,
                 "--report", f"{folder}/report.jsonl", "--report-every", f"{int(EVERY * 1000)}ms",
                 "--report-span", f"{WARM_UP},{length}", "--sheddable", "batch"]
    arguments += ["--shed-at", "1", "--retry-after", "1"] if sheds else []
    with open(f"{folder}/simulator.log", "w") as log:
        simulator = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    while True:
        with open(f"{folder}/simulator.log") as log:
            text = log.read()
        if "http://" in text:
            return simulator
        if simulator.poll() is not None:
            raise SystemExit(f"apctl gateway-sim ended with status {simulator.returncode}: {text.strip()}")
        time.sleep(0.02)


def body(seed, number):
    """A request of 200 words; how long its answer is depends on all of it."""
    words = " ".join(["word"] * 199)
    return json.dumps({"id": f"{seed}-{number}", "deadline": int(time.time()) + 3600,
                       "payload": {"model": "m", "prompt": f"{words} {seed}-{number}", "max_tokens": 400}})


def completed(metrics):
    """Tokens that one dispatch process was answered; where it does not count them, answers."""
    tokens = re.findall(r'^async_processor_pool_tokens_total\{[^}]*direction="completion"[^}]*\} ([0-9.e+]+)$', metrics, re.M)
    answers = re.findall(r'^async_processor_attempts_total\{[^}]*status="200"[^}]*\} ([0-9.e+]+)$', metrics, re.M)
    return sum(map(float, tokens or answers))


class Outcome:
    """What the simulator's report says of one run."""

    def __init__(self, path, shares):
        with open(path) as file:
            lines = [json.loads(line) for line in file]
        self.summary = next(line["summary"] for line in lines if "summary" in line)
        self.lines = [line for line in lines if "second" in line]
        self.shares = shares

    @property
    def times(self):
        return [line["second"] for line in self.lines]

    @property
    def in_flight(self):
        return [line["async_running"] + line["async_waiting"] for line in self.lines]

    @property
    def steps(self):
        return [line["step_ms"] for line in self.lines]

    @property
    def bursts(self):
        """Begin and end of those that were over before the run was."""
        last, begin, bursts = self.times[-1], GAP, []
        while begin + BURST_LENGTH < last:
            bursts.append((begin, begin + BURST_LENGTH))
            begin += GAP + BURST_LENGTH
        return bursts

    @property
    def work(self):
        """Asynchronous completion tokens per second."""
        return self.summary["completion_tokens"] / self.summary["seconds"]

    @property
    def mean_in_flight(self):
        counted = [value for time, value in zip(self.times, self.in_flight) if time >= WARM_UP]
        return sum(counted) / len(counted)

    @property
    def refused(self):
        return self.summary["refused"] / max(1, self.summary["attempts"])

    @property
    def jain(self):
        return figures.jain(self.shares)

    def reactions(self):
        """See `figures.reactions`."""
        return figures.reactions(self.times, self.in_flight, EVERY, self.bursts, GAP)
