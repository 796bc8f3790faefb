// Dead letters: the list, one of them, and what can be done with it.

/** Of which queue the list is, which letter is open, and which one is asked about: what is done is done to these alone. */
const desk = { allowsChanges: false, listed: '', shown: null, doomed: null, opener: null };
const letterPath = '/api/dead-letters';
const countLists = counted();
const countLetters = counted();

function takeSettings(settings) {
  desk.allowsChanges = settings.allowsChanges;
  setText(byID('mode'), settings.allowsChanges ? 'changes are allowed' : 'read-only');
  const select = byID('letter-queue');
  fill(select, settings.queues, () => make('option'), (option, name) => {
    option.value = name;
    setText(option, name);
  });
  const isSome = settings.queues.length > 0;
  for (const element of [select, select.previousElementSibling, byID('letters-again')]) element.hidden = !isSome;
  if (isSome) listLetters();
  else setText(byID('letters-summary'), settings.note || 'There is no queue to look into.');
}

/** Another queue: what is there of the one before goes. */
function chooseQueue() {
  hideLetter();
  showLetters({ summary: '…', letters: [] }, '');
  listLetters();
}

async function listLetters() {
  const isLast = countLists();
  const queue = byID('letter-queue').value;
  const list = await ask(letterPath, { queue }).catch((error) => ({ summary: error.message, letters: [] }));
  if (isLast()) showLetters(list, queue);
}

function showLetters(list, queue) {
  desk.listed = queue;
  setText(byID('letters-summary'), list.summary);
  byID('letters-table').hidden = list.letters.length === 0;
  fillRows(byID('letter-rows'), list.letters.map((cells) => ({ cells, isSevere: false })), showOpener);
  list.letters.forEach(([number, , id], index) => {
    const button = byID('letter-rows').children[index].querySelector('button');
    button.setAttribute('aria-label', `${number}: show this dead letter, ${id || 'without an id'}`);
  });
}

/** The number of a letter is what opens it. */
function showOpener(cell, number) {
  if (!cell.firstElementChild) {
    const button = make('button');
    button.type = 'button';
    button.addEventListener('click', () => openLetter(button));
    cell.append(button);
  }
  setText(cell.firstElementChild, number);
}

/** Until it is there, no other one is: nobody acts on one letter and means another. */
async function openLetter(button) {
  hideLetter();
  const isLast = countLetters();
  const queue = desk.listed;
  desk.opener = button;
  try {
    const letter = await ask(letterPath, { queue, number: button.textContent });
    if (isLast()) showLetter(letter, queue);
  } catch (error) {
    if (isLast()) setText(byID('letters-summary'), error.message);
  }
}

function showLetter(letter, queue) {
  desk.shown = { queue, number: letter.number };
  setText(byID('letter-title'), `Dead letter ${letter.number}`);
  byID('letter-facts').replaceChildren(...letter.facts.flatMap((fact) => [make('dt', fact.name), make('dd', fact.value || '–')]));
  setText(byID('letter-body'), letter.body);
  byID('letter-actions').hidden = !desk.allowsChanges;
  byID('letter-force').checked = false;
  byID('letter').hidden = false;
  byID('letter-title').focus();
}

/** Also one that has been asked for and is not there yet. */
function hideLetter() {
  countLetters();
  desk.shown = null;
  byID('letter').hidden = true;
}

function closeLetter() {
  hideLetter();
  const opener = desk.opener && desk.opener.isConnected ? desk.opener : byID('letters-again');
  opener.focus();
}

/** Requeues or deletes a letter, says what came of it, and looks again. */
async function act(name, letter, parameters) {
  if (!letter) return;
  let answer;
  try {
    answer = await change(`${letterPath}/${name}`, { ...letter, ...parameters });
  } catch (error) {
    answer = { isDone: false, messages: [error.message] };
  }
  await listLetters();
  if (answer.isDone && desk.shown === letter) closeLetter();
  setText(byID('letters-summary'), [...answer.messages, byID('letters-summary').textContent].join('. '));
}

function requeueLetter() {
  act('requeue', desk.shown, { force: byID('letter-force').checked });
}

function askToDelete() {
  desk.doomed = desk.shown;
  if (!desk.doomed) return;
  setText(byID('ask-delete-title'), `Delete dead letter ${desk.doomed.number}?`);
  byID('ask-delete').showModal();
}

function deleteLetter() {
  byID('ask-delete').close();
  act('delete', desk.doomed, {});
}
