/** How attributes are named in expressions, whatever characters they have. */
import { expect, it } from 'vitest';
import { expressed, named, only, stepsOf } from '../../lib/dynamodb/expressions.ts';

it.each([
  ['spec', '#spec'],
  ['a_x', '#a_x'],
  ['_x', '#_x_5f_x'],
  ['_x2d_', '#_x_5f_x2d_5f_'],
  ['to-go', '#_xto_2d_go'],
  ['👩', '#_x_1f469_'],
])('the attribute %s is written %s, and bound to itself', (attribute, placeholder) => {
  expect(named(attribute)).toBe(placeholder);
  expect(expressed({ projection: only([attribute]) }).ExpressionAttributeNames).toEqual({ [placeholder]: attribute });
});

it('a path has steps, and an empty one has none', () => {
  expect(stepsOf('spec.a\\.b')).toEqual(['spec', 'a.b']);
  expect(stepsOf('')).toEqual([]);
});
