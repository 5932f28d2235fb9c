/** A counterexample as a numbered story: who, which request, and what it did. */
import { type Explored, FAULT, type Step, WRITER } from './checker.ts';
import { nameOf } from './handler.ts';
import type { DrainModel } from './model.ts';
import { OUTCOME_NAMES, STEP, STEP_NAMES } from './names.ts';
import * as S from './state.ts';
import { World } from './world.ts';

const ITEMS = ['absent', 'not marked', 'marked', 'marked without a time', 'not marked, with the time of a former mark'];

export function storyOf(model: DrainModel, { broken, trace }: Explored): string[] {
  const { layout } = model;
  const lines = [`0. at first: ${worldInWords(model, trace[0]?.state)}`];
  // Handlers are sorted in each state; a name stays with its handler.
  let names: (string | undefined)[] = [];
  let born = 0;
  for (const [n, { step, state }] of trace.entries()) {
    if (step === undefined) continue;
    const before = trace[n - 1]?.state as Uint32Array;
    const [was, is] = [bytesOf(model, before), bytesOf(model, state)];
    const places = model.follow(before, step, state);
    const isStart = step.actor >= 0 && was.held(step.actor, S.PC) === S.IDLE;
    const moved = names.slice();
    if (isStart) moved[step.actor] = `H${++born}`;
    const actor =
      step.actor >= 0
        ? moved[step.actor]
        : step.by === WRITER
          ? 'a writer'
          : step.by === FAULT
            ? 'the world'
            : 'a function';
    names = places.map((from, place) => (is.held(place, S.PC) === S.IDLE ? undefined : moved[from]));
    const at = places.indexOf(step.actor);
    const effects = [...changes(was, is), ...(at >= 0 ? [lookedUp(was, is, step, at)] : [])].filter(
      (text) => text !== '',
    );
    const about = isAboutOne(step) ? ` ${nameOf(layout, step.parent)}` : '';
    const answer = isNetworksStep(step.step) ? '' : outcomeOf(step);
    lines.push(
      `${n}. ${actor} ${STEP_NAMES[step.step]}${about}${answer}${effects.length > 0 ? `: ${effects.join('; ')}` : ''}`,
    );
  }
  lines.push(`   at the end: ${worldInWords(model, trace.at(-1)?.state)}`);
  if (broken !== undefined) lines.push(`=> ${broken.promise} is broken: ${broken.message}`);
  return lines;
}

function bytesOf(model: DrainModel, state: Uint32Array): World {
  const world = new World(model.layout, model.rules);
  world.words.set(state);
  return world;
}

const isAboutOne = ({ step }: Step) =>
  step !== STEP.listMarked && step !== STEP.listCounters && step !== STEP.startSweep && step !== STEP.deploy;

/** The detail of these is a mask of networks. */
const isNetworksStep = (step: number) => [STEP.createService, STEP.updateService, STEP.putServiceRaw].includes(step);

function outcomeOf({ step, detail }: Step): string {
  const outcome = OUTCOME_NAMES[detail];
  if (outcome === 'gone' && step === STEP.findDraining) return ' finds no counter: nothing to do';
  return outcome === 'done' || outcome === undefined ? '' : ` (${outcome})`;
}

function changes(was: World, is: World): string[] {
  const { layout } = was;
  const texts: string[] = [];
  for (let p = 0; p < layout.parents; p++) {
    const name = nameOf(layout, p);
    if (was.get(p, S.ITEM) !== is.get(p, S.ITEM)) texts.push(`${name} is ${ITEMS[is.get(p, S.ITEM)]} now`);
    const [before, after] = [was.get(p, S.COUNTER), is.get(p, S.COUNTER)];
    if (before !== after) {
      if (after === 0) texts.push(`the counter of ${name} is gone`);
      else if (before === 0) texts.push(`the counter of ${name} is created: ${after - S.ZERO}`);
      else texts.push(`the counter of ${name} goes from ${before - S.ZERO} to ${after - S.ZERO}`);
    }
    if (was.children(p) !== is.children(p)) {
      texts.push(`${name} has ${is.children(p)} ${childrenOf(layout, p)} now`);
    }
  }
  for (let s = 0; s < layout.size.services; s++) {
    if (was.nets(s) !== is.nets(s)) texts.push(`${nameOf(layout, s)} refers to ${networksOf(is, s)}`);
  }
  if (layout.learns) texts.push(...learned(was, is));
  return texts;
}

function learned(was: World, is: World): string[] {
  const { services, deployments } = is.layout.size;
  const namesOf = (holds: (s: number) => boolean) => {
    const names = Array.from({ length: services }, (_, s) => s).filter(holds);
    return names.length === 0 ? 'nobody' : names.map((s) => nameOf(is.layout, s)).join(' and ');
  };
  const texts: string[] = [];
  if (was.lifecycle(S.DEPLOYED) !== is.lifecycle(S.DEPLOYED)) {
    const known = deployments[is.lifecycle(S.DEPLOYED)] as number;
    texts.push(`it is known from now on that ${namesOf((s) => s < known)} may refer to networks`);
  }
  const isSame = [S.DECLARED, S.LEARNING].every((field) => was.lifecycle(field) === is.lifecycle(field));
  if (!isSame) {
    const declared = namesOf((s) => s < is.lifecycle(S.DECLARED));
    const learning = namesOf((s) => ((is.lifecycle(S.LEARNING) >> s) & 1) === 1);
    texts.push(`the item declares ${declared}, and ${learning} is being learned`);
  }
  if (was.lifecycle(S.PLACE) !== is.lifecycle(S.PLACE)) texts.push(`the place is page ${is.lifecycle(S.PLACE)}`);
  return texts;
}

function networksOf(world: World, service: number): string {
  const { services, networks } = world.layout.size;
  const named = Array.from({ length: networks }, (_, n) => n).filter((n) => (world.nets(service) >> n) & 1);
  return named.length === 0 ? 'no network' : named.map((n) => nameOf(world.layout, services + n)).join(' and ');
}

/** What the handler knows now, and whether it is done. */
function lookedUp(was: World, is: World, { step, parent, actor }: Step, at: number): string {
  if (step === STEP.crash) return 'it dies, and its records come again';
  if (is.held(at, S.PC) === S.IDLE) return 'returns';
  const remaining = is.held(at, S.ADD) - S.ZERO;
  if (step === STEP.openCounter && is.held(at, S.ADD) !== 0) return `it holds remaining ${remaining}`;
  if (step === STEP.readParent && is.held(at, S.PC) < S.PLAN) return `it sees it ${ITEMS[was.get(parent, S.ITEM)]}`;
  if (step === STEP.countChildren && is.held(at, S.PC) === S.RECOUNT)
    return `it counts ${was.children(parent)}, and will add ${remaining}`;
  if (step === STEP.countChildren) return 'it counts none';
  return is.held(at, S.PC) === S.OPEN && was.held(actor, S.PC) > S.OPEN ? 'begins anew' : '';
}

function childrenOf(layout: S.Layout, parent: number): string {
  if (!layout.isService(parent)) return 'attachments';
  return layout.size.under.length > 0 ? 'children' : 'tasks';
}

export function worldInWords(model: DrainModel, state: Uint32Array | undefined): string {
  if (state === undefined) return 'nothing';
  const world = bytesOf(model, state);
  const { layout } = model;
  const parents = Array.from({ length: layout.parents }, (_, p) => {
    const counter = world.get(p, S.COUNTER);
    const children = `${world.children(p)} ${childrenOf(layout, p)}`;
    const waiting = world.get(p, S.UNCOUNTED) > 0 ? `, ${world.get(p, S.UNCOUNTED)} removals not delivered` : '';
    return `${nameOf(layout, p)} ${ITEMS[world.get(p, S.ITEM)]}, ${children}, ${counter === 0 ? 'no counter' : `counter ${counter - S.ZERO}`}${waiting}`;
  });
  return parents.join('; ');
}
