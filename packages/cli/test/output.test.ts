import { describe, expect, it } from 'vitest';
import { json, jsonLine } from '../src/output/json.js';
import { listing, rendered } from '../src/output/print.js';
import { hasColors } from '../src/output/style.js';
import { type Column, table } from '../src/output/table.js';
import { parseTemplate } from '../src/output/template.js';
import { ago, size, spanText } from '../src/output/units.js';

interface Row {
  readonly name: string;
  readonly image: string;
}

const columns: readonly Column<Row>[] = [
  { heading: 'NAME', of: ({ name }) => name, style: () => 'green' },
  { heading: 'IMAGE', of: ({ image }) => image, shrinks: true },
];
const rows: readonly Row[] = [
  { name: 'a', image: 'docker.io/library/alpine:3' },
  { name: 'longer', image: 'x' },
];

describe('a table', () => {
  it('has its columns side by side, and nothing after the last', () => {
    expect(table(rows, columns)).toBe(
      'NAME     IMAGE\na        docker.io/library/alpine:3\nlonger   x\n',
    );
  });

  it('fits a terminal by the columns that give way', () => {
    const lines = table(rows, columns, { width: 20 }).split('\n');
    expect(lines[1]).toBe('a        docker.io/…');
    expect(Math.max(...lines.map((line) => line.length))).toBe(20);
  });

  it('leaves columns out that it can do without, where that is not enough', () => {
    const more = [{ heading: 'SPARE', of: () => 'x'.repeat(9), spare: true }, ...columns];
    expect(table(rows, more, { width: 40 })).toContain('SPARE');
    expect(table(rows, more, { width: 28 })).toBe(table(rows, columns, { width: 28 }));
    expect(table(rows, more)).toContain('SPARE');
  });

  it('does not get narrower than can be read', () => {
    expect(table(rows, columns, { width: 3 })).toContain('docker.…');
  });

  it('shows colours without losing its columns', () => {
    const shown = table(rows, columns, { colors: true });
    expect(shown).toContain('\u001b[32ma\u001b[39m        docker');
  });

  it('does not let a row give commands to the terminal', () => {
    const evil = [{ name: 'a\u001b[2Jb\nc', image: '' }];
    expect(table(evil, columns)).toBe('NAME       IMAGE\na [2Jb c\n');
  });

  it('has colours on a terminal only, and not against NO_COLOR', () => {
    expect(hasColors({ isTTY: true }, {})).toBe(true);
    expect(hasColors({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(hasColors({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(hasColors({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(hasColors({}, {})).toBe(false);
  });
});

describe('a template', () => {
  const row = { id: 'web', labels: { 'a.b': '1', team: 'ci' }, command: ['sh', '-c'], pid: 3 };

  it.each([
    ['{{.id}}', 'web'],
    ['{{.ID}}: {{ .pid }}', 'web: 3'],
    ['{{.id}}\\t{{.command}}', 'web\tsh -c'],
    ['{{.labels.team}}', 'ci'],
    ['{{.labels.none}}', ''],
    ['{{json .labels}}', '{"a.b":"1","team":"ci"}'],
    ['plain', 'plain'],
  ])('%s gives %j', (text, shown) => {
    expect(parseTemplate(text)(row)).toBe(shown);
  });

  it('is JSON of everything', () => {
    expect(JSON.parse(parseTemplate('{{json .}}')(row))).toEqual(row);
  });

  it.each(['{{range .labels}}', '{{.id', '{{}}', '{{.id | upper}}'])('cannot be %s', (text) => {
    expect(() => parseTemplate(text)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: '--format' }),
    );
  });

  it('names the fields there are', () => {
    expect(() => parseTemplate('{{.nam}}')(row)).toThrow('id, labels, command, pid');
  });
});

describe('what is printed', () => {
  it('is a table, one array or a line a row', () => {
    expect(rendered(rows, columns, { output: 'table' })).toContain('NAME');
    expect(JSON.parse(rendered(rows, columns, { output: 'json' }))).toEqual(rows);
    expect(rendered(rows, columns, { output: 'table', template: '{{.name}}' })).toBe('a\nlonger\n');
  });

  it('is JSON that everybody reads', () => {
    const value = { bytes: 12n, at: new Date(0) };
    expect(jsonLine(value)).toBe('{"bytes":12,"at":"1970-01-01T00:00:00.000Z"}');
    expect(JSON.parse(json(value))).toEqual({ bytes: 12, at: '1970-01-01T00:00:00.000Z' });
  });

  it('is JSON without the forms of protobuf: bytes are base64, timestamps texts', () => {
    const at = (nanos: number) => ({ $typeName: 'google.protobuf.Timestamp', seconds: 61n, nanos });
    const payload = { $typeName: 'containerd.events.TaskExit', pid: 7, exitedAt: at(5_000_000) };
    expect(JSON.parse(json({ payload, whole: at(0) }))).toEqual({
      payload: { pid: 7, exitedAt: '1970-01-01T00:01:01.005000000Z' },
      whole: '1970-01-01T00:01:01Z',
    });
    const extensions = { plain: Uint8Array.of(102, 111, 111), buffer: Buffer.from('foo') };
    expect(jsonLine({ extensions })).toBe('{"extensions":{"plain":"Zm9v","buffer":"Zm9v"}}');
    expect(jsonLine(Buffer.from('foo'))).toBe('"Zm9v"');
    expect(jsonLine(at(1))).toBe('"1970-01-01T00:01:01.000000001Z"');
  });

  it('is a list of what one thing is', () => {
    const value = { a: 1, none: undefined, list: ['x', 'y'], empty: [], in: { b: new Date(0) } };
    expect(listing(value)).toBe('a: 1\nlist: x, y\nempty: -\nin:\n  b: 1970-01-01T00:00:00.000Z\n');
  });
});

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [4_250_000, '4.3 MB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [5e15, '5000.0 TB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  it('says how long ago something was', () => {
    expect(ago(new Date(0), 400)).toBe('just now');
    expect(ago(new Date(0), 1_000)).toBe('1 second ago');
    expect(ago(new Date(0), 180_000)).toBe('3 minutes ago');
    expect(ago(new Date(5_000), 0)).toBe('just now');
    expect(spanText(2 * 86_400_000)).toBe('2 days');
  });
});
