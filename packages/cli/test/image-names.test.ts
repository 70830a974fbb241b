import { expect, it } from 'vitest';
import { isCalled } from '../src/options/image-names.js';

it.each([
  ['docker.io/library/alpine:3', 'alpine', true],
  ['docker.io/library/alpine:3', 'alpine:3', true],
  ['docker.io/library/alpine:3', 'docker.io/library/alpine', true],
  ['docker.io/library/alpine:3', 'alp', false],
  ['docker.io/library/alpine:3', 'alpine:4', false],
  ['docker.io/me/app:1', 'me/app', true],
  ['registry.example:5000/app', 'registry.example:5000/app', true],
  ['registry.example:5000/app:1', 'registry.example', false],
])('%s as %s: %s', (image, name, expected) => {
  expect(isCalled(image, name)).toBe(expected);
});
