/** What each view shows: the reports of the command line, in its words. Its address says which view, and of what. */

import { parseItemName } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { typedId } from '../../lib/lifecycle/told.ts';
import {
  called,
  keyGiven,
  kindOf,
  listed,
  type ObjectKey,
  parseTypedId,
  planned,
  spoken,
  spokenWith,
} from '../../lib/operate/names.ts';
import type { Cluster } from '../../lib/operate/reports/cluster.ts';
import { LEGEND } from '../../lib/operate/reports/drawing.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { drawGraph } from '../../lib/operate/reports/graph.ts';
import { type Deletion, readHistory } from '../../lib/operate/reports/history.ts';
import { type ListedObject, listObjects } from '../../lib/operate/reports/listing.ts';
import { readEntries, readStatus, type Status, type StatusEntry } from '../../lib/operate/reports/status.ts';
import { branchesOf, titleOf } from '../cli/commands/explain.ts';
import { summaryLines } from '../cli/commands/status.ts';
import { drawSvg } from '../cli/graph-svg.ts';
import { duration, shortened } from '../cli/text.ts';
import { type Branch, childOf, countWords, forecastLines, markWords, standingWords } from '../cli/words.ts';
import { openDrains, type Pace } from './drains.ts';
import type { Reading } from './feeds.ts';
import { type Html, html, markup, type Value } from './html.ts';

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
export function viewOf(plan: Plan, { pathname, searchParams }: URL): View | undefined {
  if (pathname === '/') return { address: '/', title: 'Overview', open: openOverview };
  if (pathname === '/objects') {
    const stack = searchParams.get('stack') ?? undefined;
    const title = stack === undefined ? 'Objects' : `Stack ${stack}`;
    return { address: addressOfStack(stack), title, open: (cluster) => openObjects(cluster, stack) };
  }
  const key = pathname === '/object' ? readKey(plan, searchParams) : undefined;
  if (key === undefined) return undefined;
  const title = spoken(plan, itemName(key));
  return { address: addressOf(plan, key), title, open: (cluster) => openObject(cluster, key) };
}

/** Undefined for what can't be an object. */
function readKey(plan: Plan, address: URLSearchParams): ItemKey | undefined {
  const kind = kindOf(plan, address.get('kind') ?? '');
  try {
    return kind === undefined ? undefined : parseTypedId(plan, kind, address.get('id') ?? '');
  } catch {
    return undefined;
  }
}

function addressOf(plan: Plan, object: ObjectKey): string {
  const key = keyGiven(plan, object);
  return `/object?${new URLSearchParams({ kind: key.kind, id: typedId(plan, key) })}`;
}

function addressOfStack(stack: string | undefined): string {
  return stack === undefined ? '/objects' : `/objects?${new URLSearchParams({ stack })}`;
}

/** A part of a page: its id, and what it is under its head. */
type Part = readonly [id: string, section: Html];

function partOf(id: string, head: Value, ...content: readonly Value[]): Part {
  const body = content.map((one) => html`${one}`);
  return [id, html`<section id="${id}" aria-labelledby="${id}-head"><h2 id="${id}-head">${head}</h2>${body}</section>`];
}

/** On a narrow screen the cells of a row stand below each other, each with its column's head. */
function tableOf(heads: readonly string[], rows: readonly (readonly [object: string, ...cells: Value[]])[]): Html {
  const head = heads.map((words) => html`<th scope="col">${words}</th>`);
  const body = rows.map(([object, ...cells]) => {
    const others = cells.slice(1).map((cell, n) => html`<td data-label="${heads[n + 1]}">${cell}</td>`);
    return html`<tr id="${object}"><th scope="row">${cells[0]}</th>${others}</tr>`;
  });
  return html`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function openOverview(cluster: Cluster): Reading {
  const paceOf = openDrains();
  let slow: { readonly of: string; readonly untilEpochMillis: number; readonly parts: readonly Part[] } | undefined;
  return {
    periodMillis: LOOK_MILLIS,
    async read() {
      const status = await readStatus(cluster, { limit: OBJECTS_SHOWN_MAX });
      const now = cluster.chance.nowEpochMillis();
      const marked = markedPart(cluster.plan, status, paceOf(status.marked, now));
      // Where nothing has changed, neither have the deletions, nor the picture of what is marked.
      const of = JSON.stringify(status.marked.map((one) => [one.object, one.state, one.mark.markedAt, one.children]));
      if (slow?.of !== of || slow.untilEpochMillis <= now) {
        const first = async () => (await listObjects(cluster, { limit: UNMARKED_DRAWN_MAX })).objects;
        const drawn = status.marked.length > 0 ? status.marked : await first();
        const parts = [await pictureOf(cluster, drawn), await deletionsOf(cluster)];
        slow = { of, untilEpochMillis: now + WHOLE_TABLE_MILLIS, parts };
      }
      return new Map([marked, ...slow.parts]);
    },
  };
}

function markedPart(plan: Plan, status: Status, paces: ReadonlyMap<string, Pace>): Part {
  const [head = '', ...notes] = summaryLines(plan, status, false);
  const words = notes.map((note) => html`<p class="note">${note} (of "deallocator status")</p>`);
  return partOf('marked', html`<span role="status">${head}</span>`, markedTable(plan, status.marked, paces), words);
}

function markedTable(plan: Plan, marked: readonly StatusEntry[], paces: ReadonlyMap<string, Pace>): Html | false {
  const rows = marked.map((entry) => {
    const { object, name, state, mark, hold } = entry;
    const { most = 0, secondsLeft } = paces.get(object) ?? {};
    const timeLeft =
      secondsLeft === undefined ? '-' : `${state === 'draining' ? 'about ' : ''}${duration(secondsLeft)}`;
    // The words of `status`; the state itself stands out.
    const why = standingWords(plan, entry, hold).slice(state.length);
    const stands = html`<span class="state ${state}">${state}</span>${why}`;
    const link = linkTo(plan, entry, called(plan, object, name));
    return [object, link, stands, leftOf(plan, entry, most), timeLeft, markWords(mark)] as const;
  });
  return rows.length > 0 && tableOf(['Object', 'State', 'Left', 'Time left', 'Marked'], rows);
}

/** How many are left, with a bar. */
function leftOf(plan: Plan, { object, state, children }: StatusEntry, most: number): Html {
  const gone = most - children.count;
  const label = `${gone} of ${most} gone since this view was opened`;
  const bar = html`<progress class="${state}" max="${most}" value="${gone}" aria-label="${label}" title="${label}"></progress>`;
  return html`${countWords(children, childOf(plan, object))}${most > 0 && bar}`;
}

function linkTo(plan: Plan, object: ObjectKey, words: string): Html {
  return html`<a href="${addressOf(plan, object)}">${shortened(words)}</a>`;
}

async function pictureOf(cluster: Cluster, keys: readonly ObjectKey[]): Promise<Part> {
  if (keys.length === 0) return partOf('picture', 'Who holds what', 'Nothing is there.');
  const options = { hasLegend: false, linkTo: (key: ItemKey) => addressOf(cluster.plan, key) };
  const svg = markup(await drawSvg(await drawGraph(cluster, keys, 'dot', options), true));
  const scroll = html`<div class="scroll" tabindex="0" role="region" aria-labelledby="picture-head">${svg}</div>`;
  const legend = Object.entries(LEGEND).map(([means, words]) => html`<span class="key ${means}">${words}</span> `);
  return partOf('picture', 'Who holds what', scroll, html`<p>${legend}</p>`);
}

async function deletionsOf(cluster: Cluster): Promise<Part> {
  const { deletions, isWhole } = await readHistory(cluster, { limit: DELETIONS_SHOWN_MAX });
  const note = html`<p class="note">Not all receipts were read; newer ones may be among the others.</p>`;
  const timeline = timelineOf(cluster.plan, deletions, 'No receipt of a deletion was found.');
  return partOf('deletions', 'Last deletions', timeline, !isWhole && note);
}

function timelineOf(plan: Plan, deletions: readonly Deletion[], ifNone: string): Html {
  if (deletions.length === 0) return html`${ifNone}`;
  const items = deletions.map((one) => {
    const why = [one.markedBy, one.markedReason].filter(Boolean).join(': ');
    const along =
      one.wentWith === undefined ? listed(one.freed.map((name) => spoken(plan, name))) : spoken(plan, one.wentWith);
    return html`<li><time>${one.deletedAt}</time> ${linkTo(plan, one, called(plan, one.object, one.name))}${along !== '' && ` with ${along}`}
      <span class="note">${why !== '' && `${why}, `}by ${one.trigger}</span></li>`;
  });
  return html`<ul>${items}</ul>`;
}

function openObject(cluster: Cluster, key: ItemKey): Reading {
  const paceOf = openDrains();
  const { plan } = cluster;
  return {
    periodMillis: LOOK_MILLIS,
    async read() {
      const found = await explain(cluster, key);
      const marked = (await readEntries(cluster, [key])).flatMap(({ entry }) => entry ?? []);
      const { usedBy = [], uses = [], advice, forecast, formerLives, names } = found;
      const linked = [...usedBy, ...uses].map(({ object }) => [object, spokenWith(plan, names, object)] as const);
      // The lines begin with a head of their own.
      const [, , ...will] = forecastLines(plan, forecast, names);
      return new Map([
        partOf(
          'facts',
          titleOf(plan, found),
          markedTable(plan, marked, paceOf(marked, cluster.chance.nowEpochMillis())),
        ),
        partOf('advice', 'What to do', linesOf(advice)),
        partOf('known', 'What is known', treeOf(plan, branchesOf(plan, { ...found, formerLives: [] }), linked)),
        partOf('forecast', 'What will happen', linesOf(will.length > 0 ? will : ['Nothing that is known of.'])),
        await pictureOf(cluster, [key]),
        partOf('past', 'Former lives of this id', timelineOf(plan, formerLives, 'No receipt tells of one.')),
      ]);
    },
  };
}

function linesOf(lines: readonly string[]): Html[] {
  return lines.map((line) => html`<p>${line.trim()}</p>`);
}

/** @param linked names of objects, and how the text calls them: where a branch begins so, that leads to its page */
function treeOf(plan: Plan, branches: readonly Branch[], linked: readonly (readonly [string, string])[]): Html {
  const items = branches.map(({ text, branches: below = [] }) => {
    const [object = '', said = ''] = linked.find(([, words]) => text.startsWith(`${words}: `)) ?? [];
    const key = parseItemName(plan, object);
    const isObject = key !== undefined && planned(plan, key.kind).isGuarded;
    const words = !isObject ? html`${text}` : html`${linkTo(plan, key, said)}${text.slice(said.length)}`;
    return html`<li>${words}${below.length > 0 && treeOf(plan, below, linked)}</li>`;
  });
  return html`<ul>${items}</ul>`;
}

function openObjects(cluster: Cluster, stack: string | undefined): Reading {
  return {
    periodMillis: stack === undefined ? WHOLE_TABLE_MILLIS : WHOLE_TABLE_MILLIS / 3,
    async read() {
      const { objects, isWhole } = await listObjects(cluster, { stack, limit: OBJECTS_SHOWN_MAX });
      const head = stack === undefined ? 'Objects' : `Objects of stack ${stack}`;
      const table =
        objects.length > 0
          ? tableOf(
              ['Object', 'State', 'Stack'],
              objects.map((one) => objectRow(cluster.plan, one)),
            )
          : 'Nothing is there.';
      const note = html`<p class="note">There are more; "deallocator ls" shows them.</p>`;
      const list = partOf('objects', head, table, !isWhole && note);
      return new Map(stack === undefined ? [list] : [await pictureOf(cluster, objects), list]);
    },
  };
}

function objectRow(plan: Plan, { kind, id, object, name, stack, state, isProtected }: ListedObject) {
  const words = html`<span class="state ${state === 'marked' && 'draining'}">${state}${isProtected && ', protected'}</span>`;
  const link = stack === undefined ? '-' : html`<a href="${addressOfStack(stack)}">${shortened(stack)}</a>`;
  return [object, linkTo(plan, { kind, id }, called(plan, object, name)), words, link] as const;
}
