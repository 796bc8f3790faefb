// Graphs of the last hour.

const drawn = [
  { title: 'ended each second', lines: [['ended', 0], ['failed', 1]] },
  { title: 'wait in the queue', lines: [['wait', 2], ['parked', 3]] },
  { title: 'in stages', lines: [['in stages', 4]] },
  { title: 'at risk of their deadline', lines: [['at risk', 5]] },
];
const hour = { run: '', points: [] };
const leastSpan = 5 * 60 * 1000;
const wholeSpan = 60 * 60 * 1000;
const mostPoints = 720;

/** Takes the points that have come. */
function takePoints(scene) {
  if (scene.run !== hour.run) hour.points = [];
  hour.run = scene.run;
  hour.points = [...hour.points, ...scene.points].slice(-mostPoints);
  return scene.points.length > 0;
}

function lastPoint() {
  return hour.points.length ? hour.points[hour.points.length - 1].number : 0;
}

function showGraphs() {
  showGraphQueues();
  const queue = byID('graph-queue').value;
  const points = hour.points.map((point) => [point.time, queue ? point.queues[queue] || [] : point.all]);
  const create = () => {
    const figure = make('figure');
    figure.append(make('figcaption'), drawing('svg'));
    return figure;
  };
  // All have to be there before one knows how wide it is.
  fill(byID('graph-list'), drawn, create, () => {});
  fill(byID('graph-list'), drawn, create, (figure, graph) => showGraph(figure, graph, points));
}

/** A queue that is chosen stays, though it may have gone. */
function showGraphQueues() {
  const names = new Set(hour.points.slice(-12).flatMap((point) => Object.keys(point.queues)));
  const select = byID('graph-queue');
  if (select.value) names.add(select.value);
  const items = ['', ...[...names].sort()];
  fill(select, items, () => make('option'), (option, name) => {
    if (option.value !== name || !option.textContent) option.value = name;
    setText(option, name || 'all queues');
  });
}

function showGraph(figure, graph, points) {
  const lines = graph.lines.map(([name, index]) => {
    const values = points.map(([time, figures]) => [time, figures[index] ?? null]);
    return { name, values, numbers: values.map(([, value]) => value).filter((value) => value !== null) };
  }).filter((line) => line.numbers.length);
  const highest = lines.reduce((most, line) => line.numbers.reduce((a, b) => Math.max(a, b), most), 0);
  const [caption, svg] = figure.children;
  setText(caption, graph.title);
  draw(svg, lines, niceLimit(highest));
  const said = lines.map((line) => {
    const now = line.values[line.values.length - 1][1];
    return `${line.name}: now ${shownNumber(now)}, at most ${shownNumber(Math.max(...line.numbers))}`;
  });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${graph.title}, the last hour. ${said.join('; ') || 'Nothing is known yet.'}`);
}

function drawing(name, attributes = {}, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function draw(svg, lines, limit) {
  const [width, height, top, bottom] = [Math.max(160, svg.clientWidth || 220), 128, 30, 18];
  const end = hour.points.length ? hour.points[hour.points.length - 1].time : Date.now();
  const first = hour.points.length ? hour.points[0].time : end;
  const span = Math.min(wholeSpan, Math.max(leastSpan, end - first));
  const x = (time) => (1 - (end - time) / span) * width;
  const y = (value) => top + (1 - value / limit) * (height - top - bottom);
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(
    drawing('path', { class: 'grid', d: `M0 ${y(0)}H${width}M0 ${y(limit / 2)}H${width}M0 ${y(limit)}H${width}` }),
    drawing('text', { class: 'axis', x: 0, y: height - 5 }, `${Math.round(span / 60000)} min ago`),
    drawing('text', { class: 'axis end', x: width, y: height - 5 }, 'now'),
    ...lines.map((line, index) => drawing('path', { class: `line-${index}`, d: path(line.values, x, y) })),
    drawing('text', { class: 'axis', x: 0, y: y(limit) - 4 }, shownNumber(limit)),
    ...legend(lines, width));
}

/** Names of lines with what they are now, at the right. */
function legend(lines, width) {
  const texts = lines.map((line) => `${line.name} ${shownNumber(line.values[line.values.length - 1][1])}`);
  const group = drawing('text', { class: 'legend end', x: width, y: 12 });
  texts.forEach((text, index) => {
    group.append(drawing('tspan', { class: `name-${index}` }, `${index ? '   ' : ''}${index ? '┄' : '━'} ${text}`));
  });
  return texts.length ? [group] : [];
}

/** Where nothing is known the line is broken. */
function path(values, x, y) {
  let isOpen = false;
  return values.filter(([time]) => x(time) >= 0).map(([time, value]) => {
    if (value === null) {
      isOpen = false;
      return '';
    }
    const step = `${isOpen ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
    isOpen = true;
    return step;
  }).join('');
}

/** The next of 1, 2 and 5 times a power of ten, and 1 at least. */
function niceLimit(value) {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((limit) => limit >= value);
}

function shownNumber(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e5) return `${Math.round(value / 1e3)}k`;
  if (value >= 10 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return value < 0.05 ? '<0.1' : value.toFixed(1);
}
