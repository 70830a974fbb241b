import { beforeAll, describe, expect, it } from 'vitest';
import { descriptorsOf, ourProtos } from './build.js';
import { type Line, lines, originalsOf } from './originals.js';
import { type Surface, surfaceOf } from './surface.js';
import { lineDifferences, staleExceptions, unknownToLines } from './wire-check.js';

/** Packages come over the network when the cache lacks them. */
const downloadMs = 300_000;

let ours: Surface;
const originals = new Map<Line, Surface>();

beforeAll(async () => {
  ours = surfaceOf(await descriptorsOf(ourProtos));
  for (const line of lines) originals.set(line, surfaceOf(await originalsOf(line)));
}, downloadMs);

function original(line: Line): Surface {
  const surface = originals.get(line);
  if (surface === undefined) throw new Error(`no originals of ${line}`);
  return surface;
}

describe('our protos', () => {
  it.each(lines)('declare all that containerd %s does, and the same', (line) => {
    expect(lineDifferences(ours, original(line), line)).toEqual([]);
  });

  it.each(lines)('are found out by containerd %s when one number changes', (line) => {
    const path = 'containerd.services.tasks.v1.KillRequest.signal';
    const changed = new Map([...ours, [path, { ...ours.get(path), number: '9' }]]);
    expect(lineDifferences(changed, original(line), line)).toEqual([
      { path, trait: 'number', ours: '9', theirs: '3' },
    ]);
  });

  it('declare nothing that no line knows', () => {
    expect(unknownToLines(ours, originals)).toEqual([]);
  });

  it('are excepted from nothing without need', () => {
    expect(staleExceptions(ours, originals)).toEqual([]);
  });
});

describe('an exception', () => {
  it('hides what our files lack, never what they have otherwise', () => {
    const path = 'containerd.runc.v1.Options.criu_path';
    const traits = original('1.6').get(path);
    expect(traits).toMatchObject({ number: '8' });
    const wrong = new Map([...ours, [path, { ...traits, number: '14' }]]);
    expect(lineDifferences(wrong, original('1.6'), '1.6')).toEqual([
      { path, trait: 'number', ours: '14', theirs: '8' },
    ]);
  });

  it('is found out when it excepts nothing any more', () => {
    const stale = staleExceptions(ours, new Map<Line, Surface>([['1.7', ours]]));
    expect(stale).toContain('ours: grpc.health.v1');
    expect(stale).toContain('1.7: runtime.v1alpha2');
    expect(stale).toContain('1.7: containerd.services.events.v1.Envelope');
  });
});

describe('the originals', () => {
  // A package that lost files would agree with anything.
  it.each(lines)('of containerd %s hold every API that its line has', (line) => {
    const expected = [
      'containerd.services.tasks.v1.Tasks.Wait',
      'containerd.services.content.v1.Content.Write',
      'containerd.services.snapshots.v1.Snapshots.Cleanup',
      'containerd.events.TaskExit.exited_at',
      'containerd.runc.v1.Options.systemd_cgroup',
      'containerd.task.v2.Task.Connect',
      'google.rpc.Status.code',
      'io.containerd.cgroups.v1.Metrics.memory',
      'io.containerd.cgroups.v2.Metrics.memory',
      'runtimeoptions.v1.Options.type_url',
      ...(line === '1.6'
        ? []
        : [
            'containerd.services.sandbox.v1.Controller.Start',
            'containerd.services.streaming.v1.Streaming.Stream',
            'containerd.services.transfer.v1.Transfer.Transfer',
            'containerd.task.v3.Task.Connect',
            'containerd.types.transfer.ImageStore.unpacks',
          ]),
    ];
    expect(expected.filter((path) => !original(line).has(path))).toEqual([]);
  });
});
