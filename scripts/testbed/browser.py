"""A Chromium without a window, driven through its DevTools protocol.

As a program it takes calls as lines of JSON, such as {"call": "evaluate", "arguments": ["document.title"]}, and answers each
with a line: {"value": …} or {"error": …}. Source: https://chromedevtools.github.io/devtools-protocol/
"""
import base64, json, os, select, shutil, signal, subprocess, sys, tempfile, time

PATIENCE = 60
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}

# Texts that differ too little from what is behind them: WCAG 2.1, 1.4.3, level AA, for text of usual size.
FAINT = """(() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = channels(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')].filter((element) => element.getClientRects().length
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())).map((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [light(channels(element.closest('svg') ? style.fill : style.color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 ? `${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}` : null;
  }).filter(Boolean);
})()"""


class Browser:
    def __init__(self):
        program = shutil.which("chromium")
        if not program:
            raise RuntimeError("chromium is not installed; scripts/setup does that")
        self.folder = tempfile.mkdtemp(prefix="ap-browser-")
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        # It reads from descriptor 3 and writes to 4. Its own sandbox wants rights that containers and root lack; it shows
        # nothing but pages of this machine.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "browser", program, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--hide-scrollbars", "--force-device-scale-factor=1", f"--user-data-dir={self.folder}",
             "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(commands, answers),
            start_new_session=True)
        os.close(commands)
        os.close(answers)
        self.received, self.number, self.session, self.problems = b"", 0, None, []
        try:
            target = self.command("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for part in ["Page", "Runtime", "Log", "Accessibility"]:
                self.command(f"{part}.enable")
        except BaseException:
            self.end()
            raise

    def command(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]
        limit = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(limit, method)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def receive(self, limit, method):
        while b"\0" not in self.received:
            if not select.select([self.answers], [], [], max(0, limit - time.monotonic()))[0]:
                raise RuntimeError(f"{method}: the browser does not answer")
            data = os.read(self.answers, 1 << 16)
            if not data:
                raise RuntimeError(f"{method}: the browser has ended")
            self.received += data
        message, self.received = self.received.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        """What a page should not do: exceptions, refusals of its policy, failed requests."""
        said = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        if event.get("method") == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.problems.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    # Calls.

    def open(self, url, width, height, dark=False):
        self.resize(width, height)
        self.color("dark" if dark else "light")
        self.command("Page.navigate", url=url)

    def resize(self, width, height):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 600)

    def color(self, scheme):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression):
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, expression, seconds=30):
        """Until that is true in the page; while a page is loaded it may fail."""
        limit, said = time.monotonic() + seconds, ""
        while True:
            try:
                if self.evaluate(f"!!({expression})"):
                    return True
            except RuntimeError as error:
                said = str(error)
            if time.monotonic() > limit:
                raise RuntimeError(f"not within {seconds} s: {expression}; {said} {self.problems}")
            time.sleep(0.05)

    def press(self, key):
        code = KEYS[key]
        text = {"text": {"Enter": "\r", " ": " "}[key]} if key in ("Enter", " ") else {}
        self.command("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.command("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text):
        self.command("Input.insertText", text=text)

    def faint(self):
        return self.evaluate(FAINT)

    def unnamed(self):
        """What can be used or is a part of the page, and has no name for those who hear it."""
        roles = {"button", "textbox", "searchbox", "combobox", "link", "region", "table", "image", "checkbox", "dialog",
                 "navigation", "search"}
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [describe(node) for node in nodes if not node["ignored"] and node["role"]["value"] in roles
                and not node.get("name", {}).get("value")]

    def complaints(self):
        return self.problems

    def screenshot(self, path):
        image = self.command("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(image))

    def end(self):
        # With all its helpers, which are in a group of their own.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.folder, ignore_errors=True)


def describe(node):
    about = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
    return f"{node['role']['value']} {about}"


def main():
    browser = Browser()
    try:
        for line in sys.stdin:
            call = json.loads(line)
            try:
                answer = {"value": getattr(browser, call["call"])(*call["arguments"])}
            except Exception as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)
    finally:
        browser.end()


if __name__ == "__main__":
    main()
