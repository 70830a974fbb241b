import { describe, expect, it } from 'vitest';
import { parseChanges } from '../src/options/image-changes.js';

describe('--change', () => {
  it.each([
    [['CMD ["sh", "-c", "x"]'], { cmd: ['sh', '-c', 'x'] }],
    [['cmd echo hi'], { cmd: ['/bin/sh', '-c', 'echo hi'] }],
    [['ENTRYPOINT []'], { entrypoint: [] }],
    [['ENV A=1', 'ENV B two words', "ENV C='q'"], { env: ['A=1', 'B=two words', 'C=q'] }],
    [['LABEL a=1', 'LABEL b="2"'], { labels: { a: '1', b: '2' } }],
    [['EXPOSE 80 53/udp'], { exposedPorts: ['80/tcp', '53/udp'] }],
    [['VOLUME ["/a"]', 'VOLUME /b /c'], { volumes: ['/a', '/b', '/c'] }],
    [
      ['WORKDIR /w', 'USER app', 'STOPSIGNAL SIGINT'],
      { workingDir: '/w', user: 'app', stopSignal: 'SIGINT' },
    ],
    [['CMD a', 'CMD ["b"]'], { cmd: ['b'] }],
    [[], {}],
  ])('%j', (lines, changes) => {
    expect(parseChanges(lines)).toEqual(changes);
  });

  it.each(['RUN x', 'CMD', '', 'LABEL'])('refuses %j', (line) => {
    expect(() => parseChanges([line])).toThrow(expect.objectContaining({ field: '--change' }));
  });
});
