"""Programs on a terminal of their own, and what is seen there."""
import fcntl, os, pty, re, select, signal, struct, termios, time


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def is_bar(line):
    """Whether it is a frame of the bar of `apctl run`."""
    return bool(re.match(r"\[[█·]|\d+ % \d+/", line))


def on_terminal(arguments, folder, keys=(), columns=110, seconds=None, until=None):
    """Runs a program and returns the lines that were seen, and its exit status.

    `keys`: (text to wait for, keys). After `seconds`, or when `until` is seen, it is killed; otherwise after a minute it
    is left alone.
    """
    keys = list(keys)
    child, master = pty.fork()
    if child == 0:
        try:
            time.sleep(0.1)  # until the terminal has its size
            os.chdir(folder)
            os.execv(arguments[0], arguments)
        finally:
            os._exit(127)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    seen = b""
    limit = time.monotonic() + (seconds or 60)
    while time.monotonic() < limit:
        if select.select([master], [], [], 0.2)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
            if until and re.search(until, seen.decode(errors="replace")):
                break
            if keys and keys[0][0].encode() in seen:
                os.write(master, keys.pop(0)[1].encode())
    if seconds:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(master)
    lines = [plain(line).strip() for line in seen.decode(errors="replace").replace("\r", "\n").split("\n")]
    return [line for line in lines if line], status
