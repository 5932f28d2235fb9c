/** Reads a resource's properties one by one: a property that nothing reads or ignores is an error, not a surprise. */
import { LocalError } from '../ground/local-error.ts';

export type Properties = Readonly<Record<string, unknown>>;

export class PropertyReader {
  readonly #where: string;
  readonly #properties: Properties;
  readonly #known = new Set<string>();
  readonly #inner: PropertyReader[] = [];

  constructor(where: string, properties: Properties) {
    this.#where = where;
    this.#properties = properties;
  }

  /** For properties without effect here. The reason is beside the call or in README.md. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /** Throws `template.unknownProperty` for one that was neither read nor ignored, here or in an object that was read. */
  checkAll(): void {
    for (const inner of this.#inner) inner.checkAll();
    const unknown = Object.keys(this.#properties).find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    const known = [...this.#known].join(', ');
    const message = `${this.#where} has property "${unknown}", which the local cloud does not know; it knows ${known}`;
    throw new LocalError('template.unknownProperty', message);
  }

  invalid(name: string, allowed: string): LocalError {
    const seen = JSON.stringify(this.#properties[name]);
    return new LocalError('template.invalidProperty', `${this.#where}: ${name} is ${seen}, allowed: ${allowed}`);
  }

  value(name: string): unknown {
    this.#known.add(name);
    return this.#properties[name];
  }

  findText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.invalid(name, 'a text');
  }

  text(name: string): string {
    const value = this.findText(name);
    if (value === undefined || value === '') throw this.invalid(name, 'a text');
    return value;
  }

  /** CloudFormation also takes numbers and booleans as text. */
  findNumber(name: string, [min, max]: readonly [min: number, max: number]): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
    throw this.invalid(name, `a whole number from ${min} to ${max}`);
  }

  findFlag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw this.invalid(name, 'true or false');
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) throw this.invalid(name, 'a list');
    return value;
  }

  objects(name: string): readonly PropertyReader[] {
    return this.list(name).map((value) => this.#open(name, value));
  }

  findObject(name: string): PropertyReader | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : this.#open(name, value);
  }

  /** Empty if it is missing. */
  object(name: string): PropertyReader {
    return this.findObject(name) ?? new PropertyReader(`${this.#where}, ${name}`, {});
  }

  /** All of them, whatever their names. */
  entries(): readonly [string, unknown][] {
    this.ignore(...Object.keys(this.#properties));
    return Object.entries(this.#properties);
  }

  #open(name: string, value: unknown): PropertyReader {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw this.invalid(name, 'an object');
    const inner = new PropertyReader(`${this.#where}, ${name}`, value as Properties);
    this.#inner.push(inner);
    return inner;
  }
}
