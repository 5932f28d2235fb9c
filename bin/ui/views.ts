/** What each view shows: the reports of the command line, in its words. Its address says which view, and of what. */
import { called, kindOf, listed, spoken, spokenWith } from '../../lib/operate/names.ts';
import type { Cluster } from '../../lib/operate/reports/cluster.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import type { StayReason } from '../../lib/operate/reports/forecast.ts';
import { drawGraph } from '../../lib/operate/reports/graph.ts';
import { type Deletion, readHistory } from '../../lib/operate/reports/history.ts';
import { type ListedObject, listObjects } from '../../lib/operate/reports/listing.ts';
import type { Standing } from '../../lib/operate/reports/standing.ts';
import { readStatus, type Status, type StatusEntry } from '../../lib/operate/reports/status.ts';
import { isId, type ParentKey, parentName, parseParentName } from '../../lib/protocol/model.ts';
import { branchesOf, titleOf } from '../cli/commands/explain.ts';
import { summaryLines } from '../cli/commands/status.ts';
import { duration, shortened } from '../cli/text.ts';
import { type Branch, childOf, countWords, forecastLines, markWords, standingWords } from '../cli/words.ts';
import { type Drain, openDrains, type Pace } from './drains.ts';
import type { Parts, Reading } from './feeds.ts';
import { type Html, html, markup } from './html.ts';
import { drawSvg } from './picture.ts';

/** As `status --watch` looks. Each look costs a read of the index, and two for each object that is shown. */
const LOOK_MILLIS = 2000;
/** A list of everything reads whole tables; so do the last deletions, and a picture of what is not marked. */
const WHOLE_TABLE_MILLIS = 30_000;
/** Objects in a list, and deletions: a screen or two. The command line shows more. */
const OBJECTS_SHOWN_MAX = 300;
const DELETIONS_SHOWN_MAX = 20;
/** Objects in the picture where nothing is marked. */
const UNMARKED_DRAWN_MAX = 40;

export interface View {
  /** Its address, in one way only. */
  readonly address: string;
  readonly title: string;
  open(cluster: Cluster): Reading;
}

/** Undefined where an address names no view, or an object that can't be. */
export function viewOf({ pathname, searchParams }: URL): View | undefined {
  if (pathname === '/') return { address: '/', title: 'Overview', open: openOverview };
  if (pathname === '/objects') {
    const stack = searchParams.get('stack') ?? undefined;
    const title = stack === undefined ? 'Objects' : `Stack ${stack}`;
    return { address: addressOfStack(stack), title, open: (cluster) => openObjects(cluster, stack) };
  }
  const kind = kindOf(searchParams.get('kind') ?? '');
  const id = searchParams.get('id') ?? '';
  if (pathname !== '/object' || kind === undefined || !isId(kind, id)) return undefined;
  const key = { kind, id };
  return { address: addressOf(key), title: spoken(parentName(key)), open: (cluster) => openObject(cluster, key) };
}

function addressOf({ kind, id }: ParentKey): string {
  return `/object?${new URLSearchParams({ kind, id })}`;
}

function addressOfStack(stack: string | undefined): string {
  return stack === undefined ? '/objects' : `/objects?${new URLSearchParams({ stack })}`;
}

function openOverview(cluster: Cluster): Reading {
  const paceOf = openDrains();
  let slow: { readonly of: string; readonly untilEpochMillis: number; readonly parts: Parts } | undefined;
  return {
    periodMillis: LOOK_MILLIS,
    async read() {
      const status = await readStatus(cluster, { limit: OBJECTS_SHOWN_MAX });
      const now = cluster.chance.nowEpochMillis();
      const paces = paceOf(status.marked, now);
      // Where nothing has changed, neither have the deletions, nor the picture of what is marked.
      const of = JSON.stringify(status.marked.map((one) => [one.object, one.state, one.mark.markedAt, one.children]));
      if (slow?.of !== of || slow.untilEpochMillis <= now) {
        const parts = new Map([
          ['picture', await pictureOf(cluster, await drawnOf(cluster, status), 'Who holds what')],
          ['deletions', await deletionsOf(cluster)],
        ]);
        slow = { of, untilEpochMillis: now + WHOLE_TABLE_MILLIS, parts };
      }
      return new Map([['marked', markedPart(status, paces)], ...slow.parts]);
    },
  };
}

/** What is marked, and what surrounds it; else the first objects that there are. */
async function drawnOf(cluster: Cluster, { marked }: Status): Promise<readonly ParentKey[]> {
  return marked.length > 0 ? marked : (await listObjects(cluster, { limit: UNMARKED_DRAWN_MAX })).objects;
}

function markedPart(status: Status, paces: ReadonlyMap<string, Pace>): Html {
  const [head = '', ...notes] = summaryLines(status, false);
  const rows = status.marked.map((entry) => markedRow(entry, paces.get(entry.object)));
  const table = html`<table>
    <thead><tr><th scope="col">Object</th><th scope="col">State</th><th scope="col">Left</th><th scope="col">Time left</th><th scope="col">Marked</th></tr></thead>
    <tbody>${rows}</tbody></table>`;
  return html`<section id="marked" aria-labelledby="marked-head"><h2 id="marked-head" role="status">${head}</h2>
    ${rows.length > 0 && table}${notes.map((note) => html`<p class="note">${note} (of "deallocator status")</p>`)}</section>`;
}

function markedRow(entry: StatusEntry, pace: Pace | undefined): Html {
  const { object, mark, state, hold } = entry;
  return html`<tr id="${object}" class="${state}"><th scope="row">${linkTo(entry, called(object, entry.name))}</th>
    <td data-label="State">${stateOf(entry, hold)}</td>
    <td data-label="Left">${barOf(entry, pace)}</td>
    <td data-label="Time left">${timeLeftWords(entry, pace)}</td>
    <td data-label="Marked">${markWords(mark)}</td></tr>`;
}

/** In the words of `status`; the state itself stands out. */
function stateOf(standing: Standing, hold: StayReason | undefined): Html {
  const { state } = standing;
  return html`<span class="state ${state}">${state}</span>${standingWords(standing, hold).slice(state.length)}`;
}

function barOf({ object, children }: Pick<Drain, 'object' | 'children'>, pace: Pace | undefined): Html {
  const most = pace?.most ?? children.count;
  const label = `${most - children.count} of ${most} gone since this view was opened`;
  const bar = html`<progress max="${Math.max(1, most)}" value="${most - children.count}" aria-label="${label}" title="${label}"></progress>`;
  return html`${countWords(children, childOf(object))}${most > 0 && bar}`;
}

function timeLeftWords({ state, hold }: Pick<Drain, 'state' | 'hold'>, pace: Pace | undefined): string {
  const { secondsLeft } = pace ?? {};
  if (secondsLeft !== undefined) return `${state === 'draining' ? 'about ' : ''}${duration(secondsLeft)}`;
  if (state === 'draining') return 'not known yet';
  return state === 'ready' || (state === 'held' && hold?.because !== 'protected') ? '-' : 'until somebody acts';
}

function linkTo(key: ParentKey, words: string): Html {
  return html`<a href="${addressOf(key)}">${shortened(words)}</a>`;
}

async function pictureOf(cluster: Cluster, keys: readonly ParentKey[], title: string): Promise<Html> {
  if (keys.length === 0) return html`<section id="picture"><h2>${title}</h2><p>Nothing is there.</p></section>`;
  const dot = await drawGraph(cluster, keys, 'dot', { hasLegend: false, linkTo: addressOf });
  const svg = markup(await drawSvg(dot, true));
  return html`<section id="picture" aria-labelledby="picture-head"><h2 id="picture-head">${title}</h2>
    <figure><div class="scroll" tabindex="0" role="region" aria-label="${title}, as a picture">${svg}</div>
    <figcaption><span class="key uses">uses</span> <span class="key holds">uses what is marked, which waits for it</span>
    <span class="key blocks">uses what is marked, and stays</span></figcaption></figure></section>`;
}

async function deletionsOf(cluster: Cluster): Promise<Html> {
  const { deletions, isWhole } = await readHistory(cluster, { limit: DELETIONS_SHOWN_MAX });
  return html`<section id="deletions" aria-labelledby="deletions-head"><h2 id="deletions-head">Last deletions</h2>
    ${timelineOf(deletions, 'No receipt of a deletion was found.')}
    ${!isWhole && html`<p class="note">Not all receipts were read; newer ones may be among the others.</p>`}</section>`;
}

function timelineOf(deletions: readonly Deletion[], ifNone: string): Html {
  if (deletions.length === 0) return html`<p>${ifNone}</p>`;
  const items = deletions.map((one) => {
    const why = [one.markedBy, one.markedReason].filter(Boolean).join(': ');
    const along = one.wentWith === undefined ? listed(one.freed.map(spoken)) : spoken(one.wentWith);
    return html`<li><time>${one.deletedAt}</time> ${linkTo(one, called(one.object, one.name))}${along !== '' && ` with ${along}`}
      <span class="note">${why !== '' && `${why}, `}by ${one.trigger}</span></li>`;
  });
  return html`<ol>${items}</ol>`;
}

function openObject(cluster: Cluster, key: ParentKey): Reading {
  const paceOf = openDrains();
  return {
    periodMillis: LOOK_MILLIS,
    async read() {
      const found = await explain(cluster, key);
      const { object, standing, mark, hold, tasks, usedBy = [], uses = [], moreRelated, formerLives } = found;
      const children = tasks ?? { count: usedBy.length + moreRelated, isExact: found.isWhole };
      const drain = standing && mark && { object, state: standing.state, mark, children, ...(hold && { hold }) };
      const pace = drain && paceOf([drain], cluster.chance.nowEpochMillis()).get(object);
      // How it stands is shown above, and its former lives below.
      const branches = branchesOf({ ...found, formerLives: [] }).slice(standing === undefined ? 0 : 1);
      const facts = html`<section id="facts" aria-labelledby="facts-head">
        <h1 id="facts-head">${titleOf(found)}</h1>
        ${standing && html`<p role="status">${stateOf(standing, hold)}</p>`}
        ${drain && html`<p class="${drain.state}">${barOf(drain, pace)}<span class="note">time left: ${timeLeftWords(drain, pace)}</span></p>`}
        <h2>What to do</h2>${found.advice.map((sentence) => html`<p>${sentence}</p>`)}
        <h2>What is known</h2>${treeOf(
          branches,
          [...usedBy, ...uses].map(({ object }) => [object, spokenWith(found.names, object)]),
        )}
        ${forecastLines(found.forecast, found.names)
          .filter(Boolean)
          .map((line, n) => (n === 0 ? html`<h2>${line}</h2>` : html`<p>${line.trim()}</p>`))}
        </section>`;
      const past = html`<section id="past" aria-labelledby="past-head"><h2 id="past-head">Former lives of this id</h2>
        ${timelineOf(formerLives, 'No receipt tells of one.')}</section>`;
      return new Map([
        ['facts', facts],
        ['picture', await pictureOf(cluster, [key], 'Who holds what around it')],
        ['past', past],
      ]);
    },
  };
}

/** @param linked names of objects, and how the text calls them: where a branch begins so, that leads to its page */
function treeOf(branches: readonly Branch[], linked: readonly (readonly [string, string])[]): Html {
  const items = branches.map(({ text, branches: below = [] }) => {
    const [object = '', said = ''] = linked.find(([, words]) => text.startsWith(`${words}: `)) ?? [];
    const key = parseParentName(object);
    const words = key === undefined ? html`${text}` : html`${linkTo(key, said)}${text.slice(said.length)}`;
    return html`<li>${words}${below.length > 0 && treeOf(below, linked)}</li>`;
  });
  return html`<ul>${items}</ul>`;
}

function openObjects(cluster: Cluster, stack: string | undefined): Reading {
  return {
    periodMillis: stack === undefined ? WHOLE_TABLE_MILLIS : WHOLE_TABLE_MILLIS / 3,
    async read() {
      const { objects, isWhole } = await listObjects(cluster, { stack, limit: OBJECTS_SHOWN_MAX });
      const rows = objects.map(objectRow);
      const table = html`<table><thead><tr><th scope="col">Object</th><th scope="col">State</th><th scope="col">Stack</th></tr></thead>
        <tbody>${rows}</tbody></table>`;
      const list = html`<section id="objects" aria-labelledby="objects-head"><h2 id="objects-head">${stack === undefined ? 'Objects' : `Objects of stack ${stack}`}</h2>
        ${rows.length > 0 ? table : html`<p>Nothing is there.</p>`}
        ${!isWhole && html`<p class="note">There are more; "deallocator ls" shows them.</p>`}</section>`;
      if (stack === undefined) return new Map([['objects', list]]);
      return new Map([
        ['picture', await pictureOf(cluster, objects, `Stack ${stack}: who holds what`)],
        ['objects', list],
      ]);
    },
  };
}

function objectRow({ kind, id, object, name, stack, state, isProtected }: ListedObject): Html {
  return html`<tr id="${object}"><th scope="row">${linkTo({ kind, id }, called(object, name))}</th>
    <td data-label="State"><span class="state ${state === 'marked' ? 'draining' : ''}">${state}${isProtected && ', protected'}</span></td>
    <td data-label="Stack">${stack === undefined ? '-' : html`<a href="${addressOfStack(stack)}">${shortened(stack)}</a>`}</td></tr>`;
}
