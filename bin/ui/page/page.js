// Takes what the server tells over one stream of events, and changes of the page what is not as it was.
const main = document.getElementById('main');
const live = document.getElementById('live');
const fault = document.getElementById('fault');
let source;

function tell(words, state) {
  live.textContent = words;
  live.className = state;
}

function show({ data }) {
  const told = JSON.parse(data);
  fault.hidden = told.fault === undefined;
  fault.textContent = told.fault ?? '';
  if (told.fault !== undefined) return tell('not up to date', 'fault');
  document.getElementById('reading')?.remove();
  for (const [id, text] of told.parts) {
    const part = document.getElementById(id);
    // The server has made text of every value, and no script but this one may run here.
    if (part === null) main.insertAdjacentHTML('beforeend', text);
    else morphdom(part, text);
  }
  tell(`live, read at ${told.readAt.slice(11, 19)} UTC`, 'live');
}

/** A page that nobody sees asks for nothing. */
function follow() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource(`/events${location.pathname}${location.search}`);
  source.onmessage = show;
  source.onerror = () => tell('not connected: the command has ended, or too many pages are open', 'fault');
}

document.addEventListener('visibilitychange', follow);
follow();
