// Where a request is: what `apctl where` says.

const countSearches = counted();

async function find(event) {
  event.preventDefault();
  const id = byID('search-id').value;
  if (!id) return;
  const isLast = countSearches();
  byID('found').hidden = false;
  showFound({ summary: `Asking all stages and the queue for ${id} …`, found: [], unknown: [] });
  byID('found-title').focus();
  const answer = await ask('/api/where', { id }).catch((error) => ({ summary: error.message, found: [], unknown: [] }));
  if (isLast()) showFound(answer);
}

function showFound(answer) {
  setText(byID('found-summary'), answer.summary);
  fill(byID('found-places'), answer.found, () => make('li'), (item, lines) => {
    fill(item, lines, () => make('p'), (line, text) => setText(line, text));
  });
  fillLines(byID('found-unknown'), answer.unknown.map((text) => `Not known: ${text}`));
}

function closeFound() {
  countSearches();
  byID('found').hidden = true;
  byID('search-id').focus();
}
