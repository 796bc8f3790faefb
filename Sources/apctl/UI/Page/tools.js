'use strict';

// All that comes from elsewhere becomes text, never HTML: nothing here knows another way.

const byID = (id) => document.getElementById(id);
const token = document.querySelector('meta[name=token]').content;

/** Changes only what is otherwise than it was: what somebody reads or has chosen stays as it is. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(name, text, className) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** Lets an element have one child for each item; those that are there already are kept. */
function fill(parent, items, create, update) {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  items.forEach((item, index) => {
    if (index === parent.children.length) parent.append(create(item));
    update(parent.children[index], item);
  });
}

/** Fills a table; the first cell of a row names it, and may be shown in a way of its own. */
function fillRows(body, rows, showName = setText) {
  const create = (row) => {
    const line = make('tr');
    row.cells.forEach((_, index) => {
      const cell = make(index ? 'td' : 'th');
      if (!index) cell.scope = 'row';
      line.append(cell);
    });
    return line;
  };
  fill(body, rows, create, (line, row) => {
    line.classList.toggle('severe', row.isSevere);
    row.cells.forEach((text, index) => (index ? setText : showName)(line.children[index], text || '–'));
  });
}

function fillLines(list, lines) {
  fill(list, lines, () => make('li'), (item, line) => setText(item, line));
}

/**
 * Counts questions of one kind, whose answers come in any order: called for each, it returns what tells whether that is still
 * the last one.
 */
function counted() {
  let last = 0;
  return () => {
    last += 1;
    const own = last;
    return () => own === last;
  };
}

/** Asks `apctl ui`; throws what it says, or that it says nothing. */
async function ask(path, parameters = {}) {
  const query = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return understood(await reached(fetch(query ? `${path}?${query}` : path, { cache: 'no-store' })));
}

/** Asks for a change. */
async function change(path, parameters) {
  const headers = { 'Content-Type': 'application/json', 'X-Token': token };
  return understood(await reached(fetch(path, { method: 'POST', headers, body: JSON.stringify(parameters) })));
}

async function reached(answer) {
  try {
    return await answer;
  } catch {
    throw new Error('apctl ui does not answer; has it ended?');
  }
}

async function understood(answer) {
  const document = await answer.json().catch(() => ({ error: `the answer cannot be read (${answer.status})` }));
  if (document.error) throw new Error(document.error);
  return document;
}
