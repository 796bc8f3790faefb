// What happens when.

const between = 2000;
let hasSettings = false;
let timer;
const countLooks = counted();

/** Asks for all that is new, and again a little later; not while nobody looks. */
async function look() {
  clearTimeout(timer);
  const isLast = countLooks();
  if (document.hidden) return;
  try {
    const settings = hasSettings ? null : await ask('/api/settings');
    if (!isLast()) return;
    if (settings) takeSettings(settings);
    hasSettings = true;
    const scene = await ask('/api/scene', { after: lastPoint(), run: hour.run });
    if (!isLast()) return;
    byID('lost').hidden = true;
    showScene(scene);
    if (takePoints(scene) || !byID('graph-list').children.length) showGraphs();
  } catch (error) {
    if (!isLast()) return;
    lose(error);
  }
  timer = setTimeout(look, between);
}

/** What is shown is from before. */
function lose(error) {
  if (!byID('lost').hidden) return;
  setText(byID('lost'), `${error.message} What is shown here is what was so at ${new Date().toLocaleTimeString()}.`);
  byID('lost').hidden = false;
}

byID('search').addEventListener('submit', find);
byID('found-close').addEventListener('click', closeFound);
byID('graph-queue').addEventListener('change', showGraphs);
byID('letter-queue').addEventListener('change', chooseQueue);
byID('letters-again').addEventListener('click', listLetters);
byID('letter-close').addEventListener('click', closeLetter);
byID('letter-requeue').addEventListener('click', requeueLetter);
byID('letter-delete').addEventListener('click', askToDelete);
byID('delete-no').addEventListener('click', () => byID('ask-delete').close());
byID('delete-yes').addEventListener('click', deleteLetter);
document.addEventListener('visibilitychange', look);
window.addEventListener('resize', showGraphs);
look();
