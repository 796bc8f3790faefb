// Dead letters: the list, one of them, and what can be done with it.

const desk = { allowsChanges: false, number: '', opener: null };
const letterPath = '/api/dead-letters';

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

async function listLetters() {
  try {
    showLetters(await ask(letterPath, { queue: byID('letter-queue').value }));
  } catch (error) {
    showLetters({ summary: error.message, letters: [] });
  }
}

function showLetters(list) {
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

async function openLetter(button) {
  desk.opener = button;
  desk.number = button.textContent;
  try {
    showLetter(await ask(letterPath, { queue: byID('letter-queue').value, number: desk.number }));
  } catch (error) {
    setText(byID('letters-summary'), error.message);
  }
}

function showLetter(letter) {
  setText(byID('letter-title'), `Dead letter ${letter.number}`);
  byID('letter-facts').replaceChildren(...letter.facts.flatMap((fact) => [make('dt', fact.name), make('dd', fact.value || '–')]));
  setText(byID('letter-body'), letter.body);
  byID('letter-actions').hidden = !desk.allowsChanges;
  byID('letter-force').checked = false;
  byID('letter').hidden = false;
  byID('letter-title').focus();
}

function closeLetter() {
  byID('letter').hidden = true;
  const opener = desk.opener && desk.opener.isConnected ? desk.opener : byID('letters-again');
  opener.focus();
}

/** Requeues or deletes the letter that is open, says what came of it, and looks again. */
async function act(name, parameters) {
  let answer;
  try {
    const queue = byID('letter-queue').value;
    answer = await change(`${letterPath}/${name}`, { queue, number: desk.number, ...parameters });
  } catch (error) {
    answer = { isDone: false, messages: [error.message] };
  }
  await listLetters();
  if (answer.isDone) closeLetter();
  setText(byID('letters-summary'), [...answer.messages, byID('letters-summary').textContent].join('. '));
}

function askToDelete() {
  setText(byID('ask-delete-title'), `Delete dead letter ${desk.number}?`);
  byID('ask-delete').showModal();
}

function deleteLetter() {
  byID('ask-delete').close();
  act('delete', {});
}
