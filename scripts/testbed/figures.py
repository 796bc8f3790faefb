"""What runs are summed up with: means with their spread, percentiles, how fast work makes room, and pages with figures."""
import sys


def mean(values):
    return sum(values) / len(values)


def percentile(values, part):
    """The value below which `part` (0...1) of all are, between the two next to it."""
    values = sorted(values)
    place = part * (len(values) - 1)
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def spread(values, form):
    """The mean, and from where to where if that is not the same."""
    words = [form(value) for value in values]
    if len(set(words)) == 1:
        return words[0]
    return f"{form(mean(values))} ({form(min(values))} to {form(max(values))})"


def smooth(values, width):
    """Each the mean of itself and those before it, `width` in all."""
    return [sum(values[max(0, i - width + 1):i + 1]) / (i + 1 - max(0, i - width + 1)) for i in range(len(values))]


def jain(shares):
    """1 when all processes had the same share, 1/n when one had all; None for one process."""
    if len(shares) < 2 or not sum(shares):
        return None
    return sum(shares) ** 2 / (len(shares) * sum(share ** 2 for share in shares))


def reactions(times, in_flight, every, bursts, gap):
    """For each burst, seconds until half of what was in flight is gone, and after it until 85 % are back.

    Of the mean of a second, against that of the five seconds before the burst. None: not within the burst, or not within
    the gap after it. `every`: seconds from one of the times to the next.
    """
    rows = list(zip(times, smooth(in_flight, round(1 / every))))
    found = []
    for begin, end in bursts:
        before = [value for time, value in rows if begin - 5 <= time < begin]
        if not before or not sum(before):
            continue
        before = mean(before)
        out = next((time - begin for time, value in rows if begin <= time < end and value <= before / 2), None)
        back = next((time - end for time, value in rows if end <= time < end + gap and value >= 0.85 * before), None)
        found.append((out, back if out is not None else None))
    return found


def write_between(path, marks, lines):
    """Puts lines into a page, in place of those between two marks."""
    with open(path) as file:
        page = file.read()
    if page.count(marks[0]) != 1 or page.count(marks[1]) != 1:
        sys.exit(f"{path} has not the marks {marks[0]} and {marks[1]}, between which the figures go")
    before, rest = page.split(marks[0])
    after = rest.split(marks[1])[1]
    with open(path, "w") as file:
        file.write(before + marks[0] + "\n" + "\n".join(lines) + "\n" + marks[1] + after)
