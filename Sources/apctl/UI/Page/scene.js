// The pipeline as it is now.

function showScene(scene) {
  setText(byID('summary'), `${scene.summary} · ${scene.time.slice(11)}`);
  byID('summary').classList.toggle('severe', !scene.isWell);
  document.title = `${scene.isWell ? '' : '! '}Async Processor: ${scene.summary}`;
  showPicture(scene);
  showTroubles(scene.troubles);
  fillRows(byID('queue-rows'), scene.queues);
  fillRows(byID('gateway-rows'), scene.gateways);
  fillRows(byID('process-rows'), scene.processes);
  showWords(scene.processes);
  byID('no-changes').hidden = scene.changes.length > 0;
  fillLines(byID('change-list'), scene.changes.map((one) => `${one.time}  ${one.text}`));
}

function showPicture(scene) {
  for (const element of document.querySelectorAll('[data-held]')) setText(element, scene.held[element.dataset.held]);
  for (const element of document.querySelectorAll('[data-rate]')) setText(element, scene.rates[element.dataset.rate]);
  for (const element of document.querySelectorAll('[data-stage]')) {
    const stage = scene.stages[element.dataset.stage];
    if (!stage) continue;
    setText(element, stage.text);
    element.parentElement.classList.toggle('severe', stage.isSevere);
  }
}

const fewTroubles = 3;
const mostTroubles = 8;

/** The severe ones, which come first, and a few of the others; the rest for those who open it. */
function showTroubles(troubles) {
  const severe = troubles.filter((trouble) => trouble.isSevere).length;
  const count = Math.max(fewTroubles, Math.min(severe, mostTroubles));
  const update = (item, trouble) => {
    setText(item, trouble.text);
    item.className = trouble.isSevere ? 'trouble severe' : 'trouble';
  };
  fill(byID('troubles'), troubles.slice(0, count), () => make('li'), update);
  const rest = troubles.slice(count);
  const more = byID('more-troubles');
  more.hidden = rest.length === 0;
  setText(more.firstElementChild, `${rest.length} more`);
  fill(more.lastElementChild, rest, () => make('li'), update);
  announce(troubles);
}

let known = new Set();

/** Tells those who hear the page what has come and that all is over; not again whenever a number in it changes. */
function announce(troubles) {
  const kinds = new Map(troubles.map((trouble) => [trouble.text.replace(/[0-9][0-9.,:]*/g, '#'), trouble.text]));
  const fresh = [...kinds].filter(([kind]) => !known.has(kind)).map(([, text]) => text);
  if (fresh.length) setText(byID('announced'), fresh.join('. '));
  if (!kinds.size && known.size) setText(byID('announced'), 'Nothing is wrong any more.');
  known = new Set(kinds.keys());
}

/** All that each process says, for those who open it. */
function showWords(processes) {
  const create = () => {
    const details = make('details');
    details.append(make('summary'), make('ul', undefined, 'plain'));
    return details;
  };
  fill(byID('process-words'), processes, create, (details, process) => {
    setText(details.firstElementChild, `${process.cells[0]} ${process.cells[1]}: all that it says`);
    fillLines(details.lastElementChild, process.words);
  });
}
