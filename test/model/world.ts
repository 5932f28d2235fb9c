/** The five tables in one state, and what a single write does to them and to the copies that handlers hold. */
import type { Broken } from './checker.ts';
import type { Rules } from './rules.ts';
import * as S from './state.ts';

export class World {
  readonly layout: S.Layout;
  readonly rules: Rules;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** Services may be written without their attachments. */
  hasRawServices = false;
  /** Service records make heal look at the networks that they name. */
  hasHeals = false;
  freedMax = 32;
  /** A heal may be lost. The attachment that it leaves is found by a sweep that begins after its network's mark, and by none before. */
  losesHeals = false;
  /** Set when the step itself breaks a promise. */
  broken: Broken | undefined;

  constructor(layout: S.Layout, rules: Rules) {
    this.layout = layout;
    this.rules = rules;
    this.words = new Uint32Array(layout.words);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  get(parent: number, field: number): number {
    return this.bytes[this.layout.parentAt(parent) + field] as number;
  }

  set(parent: number, field: number, value: number): void {
    this.bytes[this.layout.parentAt(parent) + field] = value;
  }

  held(handler: number, field: number): number {
    return this.bytes[this.layout.handlerAt(handler) + field] as number;
  }

  hold(handler: number, field: number, value: number): void {
    this.bytes[this.layout.handlerAt(handler) + field] = value;
  }

  parentOf(handler: number): number {
    return this.held(handler, S.WHO) & S.PARENT_BITS;
  }

  nets(service: number): number {
    return this.bytes[this.layout.netsAt + service] as number;
  }

  tasks(service: number): number {
    return this.bytes[this.layout.tasksAt + service] as number;
  }

  /** The services attached to a network, which is named as a parent. */
  attached(network: number): number {
    return (this.bytes[this.layout.attachedAt + network - this.layout.size.services] as number) & S.ATTACHED_BITS;
  }

  /**
   * Raw writers keep no fence: a reference that they write under a network's mark (or to no network) may come after its
   * children were counted, and so may what heal attaches under a mark that was set before it came. docs/design.md §3 promises
   * nothing for these, until that mark is cleared or the service drops the reference. All other raw writes are held to S2.
   */
  isUnprotected(network: number, service: number): boolean {
    return !this.isDeclared(service) || this.#isLate(network, service);
  }

  #isLate(network: number, service: number): boolean {
    const at = this.layout.attachedAt + network - this.layout.size.services;
    return (((this.bytes[at] as number) >> (S.UNPROTECTED_SHIFT + service)) & 1) === 1;
  }

  /** `isNewMark`: the network has just been marked. `writer`: the service whose reference a raw write has just set. */
  noteUnprotected(network: number, isNewMark: boolean, writer = -1): void {
    if (!this.hasRawServices) return;
    const isOpen = !this.isMarked(network) && this.get(network, S.ITEM) !== S.ABSENT;
    for (let s = 0; s < this.layout.size.services; s++) {
      const refers = ((this.nets(s) >> (network - this.layout.size.services)) & 1) === 1;
      const isAttached = ((this.attached(network) >> s) & 1) === 1;
      const isCaught = isAttached || this.isOld(s) || this.layout.size.grace;
      const isLate = isNewMark ? !isCaught : s === writer || this.#isLate(network, s);
      this.noteLate(network, s, refers && !isOpen && isLate);
    }
  }

  noteLate(network: number, service: number, isLate: boolean): void {
    const at = this.layout.attachedAt + network - this.layout.size.services;
    const bit = 1 << (S.UNPROTECTED_SHIFT + service);
    this.bytes[at] = isLate ? (this.bytes[at] as number) | bit : (this.bytes[at] as number) & ~bit;
  }

  lifecycle(field: number): number {
    return this.bytes[this.layout.lifecycleAt + field] as number;
  }

  setLifecycle(field: number, value: number): void {
    this.bytes[this.layout.lifecycleAt + field] = value;
  }

  /** Whether what is deployed now knows that this service refers to networks. */
  isDeclared(service: number): boolean {
    const { deployments } = this.layout.size;
    return !this.layout.learns || service < (deployments[this.lifecycle(S.DEPLOYED)] as number);
  }

  isOld(service: number): boolean {
    return this.layout.learns && ((this.lifecycle(S.OLD) >> service) & 1) === 1;
  }

  forgetOld(service: number): void {
    if (this.layout.learns) this.setLifecycle(S.OLD, this.lifecycle(S.OLD) & ~(1 << service));
  }

  children(parent: number): number {
    if (!this.layout.isService(parent)) return S.bitsOf(this.attached(parent));
    return S.bitsOf(this.tasks(parent)) + this.below(parent).length;
  }

  /** The services that are there and under this one. */
  below(parent: number): number[] {
    const { under } = this.layout.size;
    return under.flatMap((above, s) => (above.includes(parent) && this.get(s, S.ITEM) !== S.ABSENT ? [s] : []));
  }

  isMarked(parent: number): boolean {
    const item = this.get(parent, S.ITEM);
    return item === S.MARKED || item === S.UNTIMED;
  }

  addRecord(parent: number, bits: number): void {
    const wanted = this.rules.clearedMarkWakes ? bits : bits & ~S.CLEAR_RECORD;
    this.set(parent, S.RECORDS, this.get(parent, S.RECORDS) | wanted);
  }

  addHeal(service: number, networks: number): void {
    if (!this.hasHeals || !this.isDeclared(service) || this.#isUnheard()) return;
    const at = this.layout.healsAt + service;
    this.bytes[at] = (this.bytes[at] as number) | networks;
  }

  /** Mutant: the stream's reading begins some time after the deployment; here, when the declaration is learned. */
  #isUnheard(): boolean {
    if (!this.layout.learns || this.rules.streamIsReadFrom === 'its beginning') return false;
    return this.lifecycle(S.LEARNING) !== 0;
  }

  attach(network: number, service: number): void {
    const at = this.layout.attachedAt + network - this.layout.size.services;
    this.bytes[at] = (this.bytes[at] as number) | (1 << service);
  }

  /** Its removal is a record of the network's child. */
  detach(network: number, service: number, isCounted = true): void {
    const bit = 1 << service;
    if ((this.attached(network) & bit) === 0) return;
    const at = this.layout.attachedAt + network - this.layout.size.services;
    this.bytes[at] = (this.bytes[at] as number) & ~bit;
    if (isCounted) this.set(network, S.UNCOUNTED, this.get(network, S.UNCOUNTED) + 1);
  }

  /** A mark with a time of its own. */
  markFresh(parent: number): void {
    this.retireMark(parent);
    this.set(parent, S.ITEM, S.MARKED);
    this.addRecord(parent, S.MARK_RECORD);
    if (this.layout.isService(parent)) return;
    this.noteUnprotected(parent, true);
    if (this.layout.size.grace) this.#setGrace(parent, this.#unhealed(parent));
    if (this.losesHeals && this.#hasStale(parent)) this.bytes[S.DROPPED] = S.NOT_SWEPT;
  }

  /** Services whose records, or functions, have a network to heal. */
  #unhealed(network: number): number {
    const n = network - this.layout.size.services;
    let found = 0;
    for (let s = 0; s < this.layout.size.services; s++) {
      if (((this.bytes[this.layout.healsAt + s] as number) >> n) & 1) found |= 1 << s;
    }
    for (let h = 0; h < this.layout.size.handlers; h++) {
      const pc = this.held(h, S.PC);
      const heals = pc === S.HEAL_READ || pc === S.HEAL_ATTACHMENTS || pc === S.HEAL;
      const asked = this.held(h, S.ORIGIN) >> S.HEALS_SHIFT;
      if (heals && this.layout.isService(this.parentOf(h)) && (asked >> n) & 1) found |= 1 << this.parentOf(h);
    }
    return found;
  }

  /** What a mark still waits for: the services that were to be healed when it was set. */
  grace(network: number): number {
    return this.bytes[this.layout.graceAt + network - this.layout.size.services] as number;
  }

  #setGrace(network: number, services: number): void {
    this.bytes[this.layout.graceAt + network - this.layout.size.services] = services;
  }

  passTime(): void {
    const { services, networks } = this.layout.size;
    for (let w = services; w < services + networks; w++) this.#setGrace(w, this.grace(w) & this.#unhealed(w));
  }

  #hasStale(network: number): boolean {
    for (let s = 0; s < this.layout.size.services; s++) {
      const refers = ((this.nets(s) >> (network - this.layout.size.services)) & 1) === 1;
      if (!refers && ((this.attached(network) >> s) & 1) === 1) return true;
    }
    return false;
  }

  clearMark(parent: number): void {
    this.retireMark(parent);
    this.set(parent, S.ITEM, S.UNMARKED);
    this.addRecord(parent, S.CLEAR_RECORD);
    if (!this.layout.isService(parent)) this.noteUnprotected(parent, false);
  }

  /** The item goes, with its own record; its mark's copies are of a former life from now on. */
  remove(parent: number): void {
    this.retireMark(parent);
    if (this.isMarked(parent)) this.addRecord(parent, S.CLEAR_RECORD);
    this.set(parent, S.ITEM, S.ABSENT);
    if (!this.layout.isService(parent)) return;
    for (const above of this.layout.above(parent)) this.set(above, S.UNCOUNTED, this.get(above, S.UNCOUNTED) + 1);
    this.addHeal(parent, this.nets(parent));
    this.forgetOld(parent);
    this.bytes[this.layout.netsAt + parent] = 0;
    this.noteReferences(parent, 0);
  }

  /** `rawlyAdded`: networks that a raw write made the service refer to, and it didn't before. */
  noteReferences(service: number, rawlyAdded: number): void {
    const { services, networks } = this.layout.size;
    for (let n = 0; n < networks; n++) this.noteUnprotected(services + n, false, (rawlyAdded >> n) & 1 ? service : -1);
  }

  createCounter(parent: number, remaining: number): void {
    this.set(parent, S.COUNTER, S.ZERO + remaining);
    this.set(parent, S.COUNTER_EPOCH, this.rules.epoch === 'counted' ? S.COUNTED : S.CURRENT);
  }

  deleteCounter(parent: number): void {
    if (this.get(parent, S.COUNTER) === 0) return;
    this.retireEpoch(parent);
    this.set(parent, S.COUNTER, 0);
    this.set(parent, S.COUNTER_EPOCH, 0);
  }

  renewEpoch(parent: number): void {
    if (this.rules.epoch === 'kept') return;
    if (this.rules.epoch === 'counted') this.set(parent, S.COUNTER_EPOCH, this.get(parent, S.COUNTER_EPOCH) + 1);
    else this.retireEpoch(parent);
  }

  /** The counter's epoch will not be its epoch any more. It may come back only with a creation that is sent again. */
  retireEpoch(parent: number): void {
    if (this.rules.epoch === 'counted') return;
    this.#retire(parent, S.EPOCH, this.#isSentAgain(parent, S.OPEN_AGAIN, S.EPOCH, S.CURRENT));
  }

  retireMark(parent: number): void {
    const repeat = this.get(parent, S.REPEATS) & ~S.REPEAT_UNMARK;
    const mayReturn = repeat === S.CURRENT || this.#isSentAgain(parent, S.STAMP_AGAIN, S.COPY, S.CURRENT);
    const name = this.#retire(parent, S.COPY, mayReturn);
    if (repeat === S.CURRENT) {
      this.set(parent, S.REPEATS, (this.get(parent, S.REPEATS) & S.REPEAT_UNMARK) | name);
    }
    this.#retirePlans(parent);
  }

  /** A value is in the table again. */
  bringBack(parent: number, field: number, value: number): void {
    this.#rename(parent, field, value, S.CURRENT);
    if (field === S.COPY && (this.get(parent, S.REPEATS) & ~S.REPEAT_UNMARK) === value) {
      this.set(parent, S.REPEATS, (this.get(parent, S.REPEATS) & S.REPEAT_UNMARK) | S.CURRENT);
    }
  }

  /** Nobody sends a value again that somebody may have been waiting for. */
  forget(parent: number, field: number, value: number): void {
    if (value < S.RETURNABLE) return;
    const pc = field === S.EPOCH ? S.OPEN_AGAIN : S.STAMP_AGAIN;
    if (this.#isSentAgain(parent, pc, field, value)) return;
    if (field === S.COPY && (this.get(parent, S.REPEATS) & ~S.REPEAT_UNMARK) === value) return;
    this.#rename(parent, field, value, S.STALE);
  }

  #isSentAgain(parent: number, pc: number, field: number, value: number): boolean {
    for (let h = 0; h < this.layout.size.handlers; h++) {
      const now = this.held(h, S.PC);
      const isSent = now === pc || (pc === S.OPEN_AGAIN && now === S.RESET_AGAIN);
      if (isSent && this.parentOf(h) === parent && this.held(h, field) === value) return true;
    }
    return false;
  }

  /** Copies of the current value become stale, or get a name that tells them from other values. */
  #retire(parent: number, field: number, mayReturn: boolean): number {
    let name = S.STALE;
    if (mayReturn) {
      for (name = S.RETURNABLE; this.#isNamed(parent, field, name); ) name++;
    }
    this.#rename(parent, field, S.CURRENT, name);
    return name;
  }

  #isNamed(parent: number, field: number, name: number): boolean {
    for (let h = 0; h < this.layout.size.handlers; h++) {
      if (this.#holdsValueOf(h, parent, field) && this.held(h, field) === name) return true;
    }
    return field === S.COPY && (this.get(parent, S.REPEATS) & ~S.REPEAT_UNMARK) === name;
  }

  #rename(parent: number, field: number, from: number, to: number): void {
    for (let h = 0; h < this.layout.size.handlers; h++) {
      if (this.#holdsValueOf(h, parent, field) && this.held(h, field) === from) this.hold(h, field, to);
    }
  }

  #holdsValueOf(handler: number, parent: number, field: number): boolean {
    const pc = this.held(handler, S.PC);
    if (pc === S.IDLE || this.parentOf(handler) !== parent) return false;
    // These hold something else in the place of a copy.
    return field !== S.COPY || pc < S.HEAL_READ || pc === S.STAMP_AGAIN;
  }

  /** A plan holds marks of networks: other parents than its own. */
  #retirePlans(network: number): void {
    if (this.layout.isService(network)) return;
    const shift = 4 * (network - this.layout.size.services);
    for (let h = 0; h < this.layout.size.handlers; h++) {
      const pc = this.held(h, S.PC);
      if ((pc !== S.PLAN && pc !== S.FINALIZE) || !this.layout.isService(this.parentOf(h))) continue;
      const plan = this.held(h, S.PLANNED);
      const now = (plan >> shift) & 15;
      if (now === S.SEEN || now === S.FREED) this.hold(h, S.PLANNED, plan + (1 << shift));
    }
  }
}
