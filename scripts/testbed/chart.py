"""A picture of `make slack`: a column for each run, above what is in flight, below how long a token takes."""

WIDTH, HEIGHT, LEFT, GAP, TOP = 230, 120, 46, 24, 44
INK, GRID, SHADE, LINE, OTHER = "#24292f", "#d0d7de", "#fbe3c8", "#0969da", "#8c959f"


class Chart:
    """Collects columns; each has a title, times, and for both rows a line, and maybe one to compare it with."""

    def __init__(self, length):
        self.length, self.columns = length, []

    def add(self, title, outcome, alone, target):
        self.columns.append((title, outcome, alone, target))

    def svg(self):
        highest = [scale(max(max(outcome.in_flight) for _, outcome, _, _ in self.columns)),
                   scale(max(max(outcome.steps) for _, outcome, _, _ in self.columns))]
        width = LEFT + len(self.columns) * (WIDTH + GAP)
        height = TOP + 2 * (HEIGHT + GAP) + 22
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                 f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="{INK}">',
                 f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
        for index, (title, outcome, alone, target) in enumerate(self.columns):
            left = LEFT + index * (WIDTH + GAP)
            parts.append(f'<text x="{left}" y="{TOP - 26}" font-weight="bold">{escape(title)}</text>')
            for row, (name, values, other, bound) in enumerate([
                    ("asynchronous requests in flight", outcome.in_flight, None, None),
                    ("ms per token", outcome.steps, alone.steps if alone else None, target)]):
                top = TOP + row * (HEIGHT + GAP)
                parts += self.panel(left, top, highest[row], outcome, values, other, bound, index == 0)
                parts.append(f'<text x="{left}" y="{top - 5}" fill="{OTHER}">{name}</text>')
            for second in range(0, int(self.length) + 1, 25):
                x = left + second / self.length * WIDTH
                parts.append(f'<text x="{x:.1f}" y="{height - 26}" text-anchor="middle">{second}</text>')
        parts.append(f'<text x="{LEFT}" y="{height - 8}">Seconds. Shaded: bursts of online users. Grey: the time per '
                     'token of the users alone. Dashed: the target.</text>')
        return "\n".join(parts + ["</svg>", ""])

    def panel(self, left, top, highest, outcome, values, other, bound, has_axis):
        def place(time, value):
            return f"{left + min(time, self.length) / self.length * WIDTH:.1f},{top + HEIGHT * (1 - value / highest):.1f}"

        parts = []
        for begin, end in outcome.bursts:
            x, width = left + begin / self.length * WIDTH, (end - begin) / self.length * WIDTH
            parts.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" fill="{SHADE}"/>')
        for part in range(5):
            y = top + HEIGHT * (1 - part / 4)
            parts.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="{GRID}"/>')
            if has_axis:
                parts.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{highest * part / 4:g}</text>')
        if other:
            points = " ".join(place(time, value) for time, value in zip(outcome.times, other))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{OTHER}"/>')
        if bound:
            y = top + HEIGHT * (1 - bound / highest)
            parts.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="{INK}" stroke-dasharray="4 3"/>')
        points = " ".join(place(time, value) for time, value in zip(outcome.times, values))
        return parts + [f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="1.2"/>']


def scale(value):
    """The next number above that four lines divide well."""
    step = 1
    while True:
        for factor in (4, 8, 12, 20):
            if value <= factor * step:
                return factor * step
        step *= 10


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
