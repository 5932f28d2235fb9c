/**
 * What looks wrong in a world. The promises themselves are checked by the protocol's `checkRest`, and nowhere else; here each
 * violation is traced to the ids that it is about.
 */
import { SWEEP_CURSOR_ID } from '../../dynamodb/schema.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { checkRest, type StoredParent, usersOf, type Violation } from '../../protocol/invariants.ts';
import {
  attachmentName,
  type ParentKey,
  parentName,
  parseAttachmentName,
  parseParentName,
  type UserKey,
} from '../../protocol/model.ts';
import { isGoneByState } from '../../protocol/rules.ts';
import { shown } from '../values.ts';
import { type About, type Evidence, type Problem, type Suspect, suspectKey, userIn } from './findings.ts';
import {
  type AuditedCounter,
  type AuditedWorld,
  aboutParent,
  type Found,
  isReadable,
  oddCounter,
  oddities,
  referencesOf,
} from './oddities.ts';

/** Each once. An id with a `#` may bring a suspect too many, which a look of its own clears. */
export function findSuspects(world: AuditedWorld, circumstances: Circumstances): Suspect[] {
  const counters = world.counters.filter(({ id }) => id !== SWEEP_CURSOR_ID);
  const facts = new Facts({ ...world, counters }, circumstances);
  const unreadable = new Set(counters.filter((counter) => !isReadable(counter)).map(({ id }) => id));
  // It is there, and can't be too high: what is wrong with it has a finding of its own.
  const plain = counters.map(({ id, remaining }) => ({
    id,
    remaining: unreadable.has(id) ? Number.NEGATIVE_INFINITY : (remaining as number),
  }));
  const broken = checkRest({ ...world, counters: plain }, circumstances);
  const found: Found[] = [
    ...broken.flatMap((violation) => facts.explain(violation)),
    ...(['service', 'network'] as const).flatMap((kind) => world[`${kind}s`].flatMap((item) => oddities(kind, item))),
    ...counters.flatMap(oddCounter),
  ];
  const unique = new Map(found.map((one) => [suspectKey(one), one]));
  return [...unique.values()].map((one) => ({ ...one, evidence: facts.evidenceOf(one) }));
}

/** What of a world explains a violation: it names its subject, and a finding names ids. */
class Facts {
  readonly #counters: Map<string, AuditedCounter>;
  readonly #byName = new Map<string, StoredParent>();
  readonly #tasks: Map<string, About[]>;
  readonly #attachments: Map<string, About[]>;
  readonly #references: Map<string, About[]>;
  readonly #users: Map<string, About[]>;
  /** By {@link attachmentName}. */
  readonly #usedBy: Map<string, readonly string[]>;
  readonly #children = new Map<string, number>();

  constructor(world: AuditedWorld, { rules }: Circumstances) {
    this.#counters = new Map(world.counters.map((counter) => [counter.id, counter]));
    for (const kind of ['service', 'network'] as const) {
      for (const parent of world[`${kind}s`]) this.#byName.set(parentName({ kind, id: parent.id }), parent);
    }
    const count = (key: ParentKey) => {
      this.#children.set(parentName(key), (this.#children.get(parentName(key)) ?? 0) + 1);
    };
    for (const { serviceId, status } of world.tasks) {
      const { state } = (status ?? {}) as { state?: unknown };
      if (!isGoneByState(state, rules)) count({ kind: 'service', id: serviceId });
    }
    for (const { networkId } of world.attachments) count({ kind: 'network', id: networkId });
    const users = usersOf(world, rules);
    const references = users.flatMap(({ key, references: networks }) =>
      networks.map((network): Pair => ({ ...aboutUser(key), network })),
    );
    this.#usedBy = new Map(users.map((user) => [attachmentName(user.key), user.references]));
    this.#references = Map.groupBy(references, attachmentSubject);
    this.#users = Map.groupBy(references, ({ network }) => parentName({ kind: 'network', id: network }));
    const attachments = world.attachments.map(
      (item): Pair => ({ ...aboutUser(parseAttachmentName(item.serviceId, rules)), network: item.networkId }),
    );
    this.#attachments = Map.groupBy(attachments, attachmentSubject);
    const tasks = world.tasks.map(({ serviceId, id }) => ({ service: serviceId, task: id }));
    this.#tasks = Map.groupBy(tasks, ({ service, task }) => `task#${service}#${task}`);
  }

  explain({ promise, subject, message }: Violation): Found[] {
    const all = (problem: Problem, abouts: readonly About[] | undefined): Found[] =>
      (abouts ?? []).map((about) => ({ problem, promise, subject, about, message }));
    const isAttachment = subject.startsWith('attachment#');
    const parent = parseParentName(subject);
    const own = parent && [aboutParent(parent)];
    switch (promise) {
      case 'S1':
        return all('orphan task', this.#tasks.get(subject));
      case 'S2':
        return isAttachment
          ? all('missing attachment', this.#references.get(subject))
          : all('missing network', this.#users.get(subject));
      case 'S4':
        return isAttachment ? all('stale attachment', this.#attachments.get(subject)) : all('left counter', own);
      case 'S7':
        return all('high counter', own);
      default:
        return all(this.#children.has(subject) ? 'no counter' : 'not deleted', own);
    }
  }

  /** Null: it is not there. */
  #referencesOfUser(about: About): readonly string[] | null {
    const user = userIn(about);
    return (user && this.#usedBy.get(attachmentName(user))) ?? null;
  }

  evidenceOf({ problem, subject, about }: Found): Evidence {
    const parent = this.#byName.get(subject);
    const counter = this.#counters.get(about.counter ?? subject);
    const service = this.#byName.get(parentName({ kind: 'service', id: about.service ?? '' }));
    switch (problem) {
      case 'missing attachment':
      case 'stale attachment':
        return { references: this.#referencesOfUser(about) };
      case 'left counter':
        return { epoch: shown(counter?.epoch), parent: parent === undefined ? 'gone' : 'not marked' };
      case 'high counter':
      case 'unreadable counter':
        return {
          epoch: shown(counter?.epoch),
          remaining: shown(counter?.remaining),
          children: this.#children.get(about.counter ?? subject) ?? 0,
        };
      case 'not deleted':
      case 'no counter':
      case 'left mark time':
        return { markedAt: typeof parent?.markedAt === 'string' ? parent.markedAt : null };
      case 'malformed mark':
        return { pendingDelete: shown(parent?.pendingDelete) };
      case 'malformed protection':
        return { protected: shown(parent?.protected) };
      case 'too many references':
        return { references: service === undefined ? 0 : referencesOf(service).length };
      default:
        return {};
    }
  }
}

interface Pair extends About {
  readonly service: string;
  readonly network: string;
}

function aboutUser(user: UserKey): { readonly service: string; readonly task?: string } {
  return user.kind === 'task' ? { service: user.serviceId, task: user.id } : { service: user.id };
}

function attachmentSubject(pair: Pair): string {
  return `attachment#${pair.network}#${attachmentName(userIn(pair) as UserKey)}`;
}
