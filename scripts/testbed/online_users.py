"""Online users of an OpenAI-style server: streamed chats at random times, more of them in bursts; the same for a seed."""
import asyncio, json, multiprocessing, random, ssl, time, urllib.parse
from dataclasses import asdict, dataclass, field

LONGEST_ANSWER = 120
WORDS = ("time year people way day man thing woman life child world school state family student group country problem "
         "hand part place case week company system program question work number night point home water room mother area "
         "money story fact month lot right study book eye job word business issue side kind head house service friend "
         "father power hour game line end member law car city name team minute idea body back parent face level").split()


@dataclass(frozen=True)
class Load:
    """How many users come: `quiet` in a second, and `burst` in bursts of `length` seconds after gaps of `gap` seconds."""
    quiet: float
    burst: float
    length: float
    gap: float

    def bursts(self, until):
        """Begin and end of those that are over by then."""
        found, begin = [], self.gap
        while begin + self.length <= until:
            found.append((begin, begin + self.length))
            begin += self.gap + self.length
        return found

    def rate(self, at):
        return self.burst if at % (self.gap + self.length) >= self.gap else self.quiet

    def arrivals(self, rng, until):
        """A Poisson process: of one at the highest rate so many are kept as there are at that time."""
        highest, at = max(self.quiet, self.burst), 0.0
        while (at := at + rng.expovariate(highest)) < until:
            if rng.random() * highest < self.rate(at):
                yield at


@dataclass(frozen=True)
class Sizes:
    """Medians of the words of a prompt and of the tokens of an answer; both have a lognormal distribution."""
    prompt: float
    answer: float

    def draw(self, rng):
        """A chat of words in no order, and how many tokens its answer has."""
        words = between(2, 600, self.prompt * rng.lognormvariate(0, 0.6))
        return " ".join(rng.choices(WORDS, k=words)), between(2, 300, self.answer * rng.lognormvariate(0, 0.6))


def between(least, most, value):
    return max(least, min(most, int(value)))


@dataclass
class Answer:
    """What one user saw; times are seconds since the first could come."""
    sent: float
    error: str = ""
    tokens: int = 0
    # When a piece of the answer came.
    times: list = field(default_factory=list)

    @property
    def first(self):
        """Seconds until the first token."""
        return self.times[0] - self.sent

    @property
    def per_token(self):
        """Seconds per token after the first; None for an answer that is too short."""
        return (self.times[-1] - self.times[0]) / (self.tokens - 1) if self.tokens > 1 and len(self.times) > 1 else None


def chat(model, extra, prompt, tokens):
    """The body of a request."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": tokens, "temperature": 0,
            **extra}


class Server:
    """An OpenAI-style server, over HTTP of its own: one connection for each chat."""

    def __init__(self, base):
        url = urllib.parse.urlsplit(base)
        self.host, self.is_secure = url.hostname, url.scheme == "https"
        self.port = url.port or (443 if self.is_secure else 80)
        self.path, self.authority = f"{url.path}/chat/completions", url.netloc
        self.tls = ssl.create_default_context() if self.is_secure else None

    async def stream(self, body):
        """Asks for an answer in pieces and yields each event."""
        data = json.dumps({**body, "stream": True, "stream_options": {"include_usage": True}}).encode()
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls, limit=1 << 20)
        try:
            writer.write(f"POST {self.path} HTTP/1.1\r\nHost: {self.authority}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if head.split(" ", 2)[1] != "200":
                raise OSError(f"{head.splitlines()[0]}: {(await reader.read(300)).decode(errors='replace')}")
            async for line in lines(pieces(reader) if "transfer-encoding: chunked" in head else whole(reader)):
                if line.startswith(b"data:") and line[5:].strip() != b"[DONE]":
                    yield json.loads(line[5:])
        finally:
            writer.close()


async def whole(reader):
    while data := await reader.read(65536):
        yield data


async def pieces(reader):
    """The data of a chunked body (RFC 9112, 7.1)."""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield (await reader.readexactly(size + 2))[:-2]


async def lines(chunks):
    rest = b""
    async for data in chunks:
        *ended, rest = (rest + data).split(b"\n")
        for line in ended:
            yield line


async def ask(server, body, answer, begin):
    """One chat; fills the answer in."""
    try:
        async with asyncio.timeout(LONGEST_ANSWER):
            async for event in server.stream(body):
                if error := event.get("error"):
                    raise OSError(f"the server says {error}")
                if usage := event.get("usage"):
                    answer.tokens = usage["completion_tokens"]
                for choice in event.get("choices", []):
                    delta = choice.get("delta", {})
                    if delta.get("content") or delta.get("reasoning_content") or delta.get("reasoning"):
                        answer.times.append(time.monotonic() - begin)
        answer.tokens = answer.tokens or len(answer.times)
        if not answer.times:
            answer.error = "an answer without text"
    except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
        answer.error = str(error) or type(error).__name__


class Users:
    """All users of a run, in a process of their own so that nothing delays their clocks."""

    def __init__(self, base, model, extra, load, sizes, seed, seconds):
        """The first may come at once; the last at `seconds`."""
        rng = random.Random(f"users {seed}")
        self.base = base
        self.plan = [(at, chat(model, extra, *sizes.draw(rng))) for at in load.arrivals(rng, seconds)]
        self.begin = time.monotonic()
        context = multiprocessing.get_context("fork")
        self.found, ours = context.Pipe(duplex=False)
        self.process = context.Process(target=self.work, args=(ours,), daemon=True)
        self.process.start()
        ours.close()

    def work(self, pipe):
        pipe.send([asdict(answer) for answer in asyncio.run(self.all())])

    async def all(self):
        server, answers, tasks = Server(self.base), [], []
        for at, body in self.plan:
            await asyncio.sleep(max(0, self.begin + at - time.monotonic()))
            answers.append(Answer(sent=time.monotonic() - self.begin))
            tasks.append(asyncio.create_task(ask(server, body, answers[-1], self.begin)))
        await asyncio.gather(*tasks)
        return answers

    @property
    def are_done(self):
        return self.found.poll()

    def answers(self):
        """Waits for the last of them."""
        try:
            return [Answer(**answer) for answer in self.found.recv()]
        except EOFError:
            raise SystemExit("the process of the online users has ended")
        finally:
            self.process.join()

    def end(self):
        self.process.kill()
        self.process.join()


def time_per_token(answers, begin, end):
    """Seconds that a token took at that time, of all tokens that came then; None without any."""
    total = tokens = 0.0
    for answer in answers:
        if len(answer.times) < 2 or answer.times[0] >= end or answer.times[-1] < begin:
            continue
        each = (answer.tokens - 1) / (len(answer.times) - 1)
        for before, after in zip(answer.times, answer.times[1:]):
            if begin <= after < end:
                total += after - before
                tokens += each
    return total / tokens if tokens else None
