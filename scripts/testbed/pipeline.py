"""Four real stages on loopback with a gateway that does as a script says; for scripts that show what is said of faults."""
import http.server, json, re, shutil, socket, sqlite3, ssl, subprocess, tempfile, threading, time, urllib.request

ANSWER = b'{"choices":[{"text":"fine"}]}'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway(http.server.ThreadingHTTPServer):
    """Answers as `answer` says: a status, or None for silence."""
    daemon_threads = True

    def __init__(self, answer, tls=None, wants_client=None, port=0):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = answer(self.headers, self.path, body)
                if status is None:
                    time.sleep(60)
                self.send_response(status or 200)
                self.send_header("Content-Length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            if wants_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(wants_client)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


def attempts(metrics):
    return sum(int(line.split()[-1]) for line in metrics.splitlines()
               if line.startswith("async_processor_attempts_total{"))


def figures(metrics):
    """The gauge of the gateway, and attempts by what came of them."""
    words = []
    for line in metrics.splitlines():
        if line.startswith("async_processor_gateway_up{"):
            words.append(f"up {line.split()[-1]}")
        if line.startswith("async_processor_attempts_total{"):
            words.append(f"{re.search('class=.([a-z]+)', line)[1]} {line.split()[-1]}")
    return ", ".join(words)


class Ended(Exception):
    """A stage that has ended before it was ready; says what its log says last."""


class Pipeline:
    """The four stages in a folder of their own, over an embedded queue unless `queue` says another.

    `flags` are those of dispatch, of which there may be several processes; `settings` are given to every stage.
    """

    def __init__(self, binaries, url, flags=(), queue=None, folder=None, dispatchers=1, settings=()):
        self.folder = folder or tempfile.mkdtemp(prefix="ap-gw-", dir="/tmp")
        self.dispatchers = ["dispatch"] + [f"dispatch-{number}" for number in range(2, dispatchers + 1)]
        self.names = ["emit", "retry", *self.dispatchers, "ingest"]
        self.ports = {name: free_port() for name in self.names}
        self.processes = []
        common = queue or ["--message-queue-impl", "sqlite", "--sqlite.path", f"{self.folder}/q.db"]
        common += ["--sqlite.inference-gateway" if not queue else "--redis.inference-gateway", url]
        for stage, names in [("dispatch", self.dispatchers), ("retry", ["retry"]), ("emit", ["emit"])]:
            common += [f"--{stage}", ",".join(f"ipc://{self.folder}/{name}" for name in names)]
        for name in self.names:
            stage = name.split("-")[0]
            arguments = [f"{binaries}/{stage}"] + common + ["--metrics-port", str(self.ports[name]), *settings]
            arguments += ["--listen", f"ipc://{self.folder}/{name}"] if stage != "ingest" else []
            arguments += ["--acks", f"ipc://{self.folder}/{name}.acks"] if stage != "emit" else []
            arguments += flags if stage == "dispatch" else []
            with open(f"{self.folder}/{name}.log", "w") as log:
                self.processes.append(subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        try:
            while '"status":"ready"' not in self.get("ingest", "readyz"):
                self.check()
                time.sleep(0.05)
        except BaseException:
            self.end()
            raise

    def check(self):
        """Raises `Ended` when one of the processes has ended."""
        for name, process in zip(self.names, self.processes):
            if process.poll() is not None:
                with open(f"{self.folder}/{name}.log") as log:
                    said = " ".join(line.strip() for line in log.readlines()[-4:] if line.strip())
                raise Ended(f"{name} ended with status {process.returncode}: {said}")

    def get(self, stage, path):
        return get(self.ports[stage], path)

    def status(self, stage):
        return json.loads(self.get(stage, "status") or "{}")

    def submit(self, count=20, bodies=None):
        """Puts requests into the queue, in one transaction."""
        with sqlite3.connect(f"{self.folder}/q.db", timeout=10) as queue:
            queue.executemany("INSERT INTO requests(body) VALUES (?)",
                              ((body,) for body in bodies or map(request, range(count))))
        queue.close()

    def answers(self):
        return self.count("results")

    def count(self, table):
        with sqlite3.connect(f"{self.folder}/q.db", timeout=10) as queue:
            return queue.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def lines(self, stage, mark):
        """What its log says where `mark` is in the line."""
        with open(f"{self.folder}/{stage}.log") as log:
            return [line.split(f"{stage}: ", 1)[1].strip() for line in log if mark in line]

    def end(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def request(number):
    return json.dumps({"id": f"r{number}", "deadline": int(time.time()) + 600,
                       "payload": {"model": "food", "prompt": "x"}})
