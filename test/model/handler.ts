/** A handler's life, whatever it does: where it begins anew, and where it ends. */
import * as S from './state.ts';
import type { World } from './world.ts';

/** One way that a request may go: it changes `world` and returns its outcome. */
export type Request = (world: World, handler: number) => number;

/** Back to step 1, holding nothing. */
export function repeat(world: World, handler: number): void {
  for (let field = S.EPOCH; field < S.HANDLER_BYTES; field++) world.hold(handler, field, 0);
  world.hold(handler, S.PC, world.rules.order === 'parent count open' ? S.READ : S.OPEN);
}

export function end(world: World, handler: number): void {
  const who = world.held(handler, S.WHO);
  for (let field = 0; field < S.HANDLER_BYTES; field++) world.hold(handler, field, 0);
  if ((who & S.PATIENT) === 0) return;
  if (world.layout.learns) {
    const isOfThis = ((who >> S.DEPLOYMENT_SHIFT) & 3) === world.lifecycle(S.DEPLOYED);
    if (isOfThis && world.lifecycle(S.UNSETTLED) === S.SWEEPING) world.setLifecycle(S.UNSETTLED, 0);
    return;
  }
  if (world.bytes[S.SWEEP_SOURCE] === 0) return;
  const done = world.bytes[S.SWEEP_DONE] as number;
  world.bytes[S.SWEEP_DONE] = done | (1 << (who & S.PARENT_BITS));
}

/** After heal, or where there is nothing to heal: settle, if the records ask for it. */
export function settleIfConcerned(world: World, handler: number): void {
  const origin = world.held(handler, S.ORIGIN);
  repeat(world, handler);
  if ((world.held(handler, S.WHO) & S.PATIENT) !== 0) return;
  if (origin & (S.MARK_RECORD | S.UNTIMED_RECORD)) return;
  if (origin & S.CLEAR_RECORD) world.hold(handler, S.PC, S.LOOK);
  else end(world, handler);
}

const SERVICE_NAMES = ['web', 'api', 'db'];
const NETWORK_NAMES = ['front', 'back', 'admin'];

export function nameOf(layout: S.Layout, parent: number): string {
  const { services } = layout.size;
  if (parent === S.NOBODY) return 'lifecycle';
  return parent < services ? `service#${SERVICE_NAMES[parent]}` : `network#${NETWORK_NAMES[parent - services]}`;
}
