import type { Plugin } from '@ctrd/core';
import { describe, expectTypeOf, it } from 'vitest';
import type { ImageAPIClient, images } from '../src/index.js';

type ApiOf<P> = P extends Plugin<infer Api, string, string> ? Api : never;

describe('ImageAPIClient', () => {
  it('is what the plugin adds to a client', () => {
    expectTypeOf<ApiOf<ReturnType<typeof images>>>().toExtend<ImageAPIClient>();
  });
});
