import { describe, expect, it } from 'vitest';
import { registryOf } from '../src/commands/login.js';

describe('the registry of a login', () => {
  it.each([
    [undefined, 'docker.io'],
    ['docker.io', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://registry.example/v2/', 'registry.example'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
  ])('that is given as %s is %s', (given, host) => {
    expect(registryOf(given)).toBe(host);
  });
});
