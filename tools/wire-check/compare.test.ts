import { clone, create } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  OneofDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { beforeAll, describe, expect, it } from 'vitest';
import { descriptorsOf, ourProtos } from './build.js';
import { type Difference, differences, renamed, unknownTo } from './compare.js';
import { enumIn, fieldIn, messageIn, messagesOf, methodIn, serviceIn } from './descriptor-edits.js';
import { type Surface, surfaceOf } from './surface.js';

let set: FileDescriptorSet;
let theirs: Surface;

beforeAll(async () => {
  set = await descriptorsOf(ourProtos);
  theirs = surfaceOf(set);
}, 60_000);

/** The surface after a change of the descriptors, as a slip in our files would make it. */
function changed(change: (set: FileDescriptorSet) => void): Surface {
  const copy = clone(FileDescriptorSetSchema, set);
  change(copy);
  return surfaceOf(copy);
}

const told = ({ path, trait, ours, theirs: other }: Difference): string =>
  `${path} ${trait}: ${ours} for ${other}`;

const tasks = 'containerd.services.tasks.v1';
const kill = `${tasks}.KillRequest`;
const status = 'containerd.v1.types.Status';
const options = 'containerd.types.Mount.options';
const perCpu = 'io.containerd.cgroups.v1.CPUUsage.per_cpu';
const annotations = `${tasks}.UpdateTaskRequest.annotations`;
const entry = `${tasks}.UpdateTaskRequest.AnnotationsEntry`;
const subscribe = 'containerd.services.events.v1.Events.Subscribe';
const write = 'containerd.services.content.v1.Content.Write';

interface Slip {
  readonly what: string;
  readonly change: (set: FileDescriptorSet) => void;
  readonly differences: readonly string[];
}

const slips: readonly Slip[] = [
  {
    what: 'a field has another number',
    change: (all) => {
      fieldIn(all, `${kill}.signal`).number = 9;
    },
    differences: [`${kill}.signal number: 9 for 3`],
  },
  {
    what: 'two fields have swapped their numbers',
    change: (all) => {
      fieldIn(all, `${kill}.signal`).number = 4;
      fieldIn(all, `${kill}.all`).number = 3;
    },
    differences: [`${kill}.signal number: 4 for 3`, `${kill}.all number: 3 for 4`],
  },
  {
    what: 'a field has another name',
    change: (all) => {
      fieldIn(all, `${kill}.signal`).name = 'number';
    },
    differences: [`${kill}.signal kind: undefined for field`],
  },
  {
    what: 'a field is missing',
    change: (all) => {
      messageIn(all, kill).field.pop();
    },
    differences: [`${kill}.all kind: undefined for field`],
  },
  {
    what: 'a field has another scalar type',
    change: (all) => {
      fieldIn(all, `${kill}.signal`).type = FieldDescriptorProto_Type.INT32;
    },
    differences: [`${kill}.signal type: int32 for uint32`],
  },
  {
    what: 'a field has another message type',
    change: (all) => {
      fieldIn(all, `${tasks}.GetResponse.process`).typeName = '.containerd.v1.types.ProcessInfo';
    },
    differences: [
      `${tasks}.GetResponse.process type: containerd.v1.types.ProcessInfo for containerd.v1.types.Process`,
    ],
  },
  {
    what: 'a list is a single value',
    change: (all) => {
      fieldIn(all, options).label = FieldDescriptorProto_Label.OPTIONAL;
    },
    differences: [
      `${options} label: singular for repeated`,
      `${options} packed: undefined for false`,
    ],
  },
  {
    what: 'a single value is optional',
    change: (all) => {
      messageIn(all, kill).oneofDecl.push(create(OneofDescriptorProtoSchema, { name: '_signal' }));
      Object.assign(fieldIn(all, `${kill}.signal`), { proto3Optional: true, oneofIndex: 0 });
    },
    differences: [`${kill}.signal label: optional for singular`],
  },
  {
    what: 'a single value belongs to a oneof',
    change: (all) => {
      messageIn(all, kill).oneofDecl.push(create(OneofDescriptorProtoSchema, { name: 'how' }));
      fieldIn(all, `${kill}.signal`).oneofIndex = 0;
    },
    differences: [`${kill}.signal oneof: how for undefined`],
  },
  {
    what: 'a list of numbers is not packed',
    change: (all) => {
      fieldIn(all, perCpu).options = create(FieldOptionsSchema, { packed: false });
    },
    differences: [`${perCpu} packed: false for true`],
  },
  {
    what: "a map's keys have another type",
    change: (all) => {
      fieldIn(all, `${entry}.key`).type = FieldDescriptorProto_Type.INT32;
    },
    differences: [`${annotations} key: int32 for string`],
  },
  {
    what: "a map's values have another type",
    change: (all) => {
      fieldIn(all, `${entry}.value`).type = FieldDescriptorProto_Type.BYTES;
    },
    differences: [`${annotations} type: bytes for string`],
  },
  {
    what: "an enum's value has another number",
    change: (all) => {
      for (const value of enumIn(all, status).value) if (value.name === 'PAUSING') value.number = 6;
    },
    differences: [`${status}.PAUSING number: 6 for 5`],
  },
  {
    what: "an enum's value is missing",
    change: (all) => {
      enumIn(all, status).value.pop();
    },
    differences: [`${status}.PAUSING kind: undefined for value`],
  },
  {
    what: 'a method is missing',
    change: (all) => {
      const service = serviceIn(all, `${tasks}.Tasks`);
      service.method = service.method.filter(({ name }) => name !== 'Wait');
    },
    differences: [`${tasks}.Tasks.Wait kind: undefined for method`],
  },
  {
    what: 'a method asks with another message',
    change: (all) => {
      methodIn(all, `${tasks}.Tasks.Wait`).inputType = `.${tasks}.GetRequest`;
    },
    differences: [`${tasks}.Tasks.Wait input: ${tasks}.GetRequest for ${tasks}.WaitRequest`],
  },
  {
    what: 'a method answers with another message',
    change: (all) => {
      methodIn(all, `${tasks}.Tasks.Wait`).outputType = `.${tasks}.GetResponse`;
    },
    differences: [`${tasks}.Tasks.Wait output: ${tasks}.GetResponse for ${tasks}.WaitResponse`],
  },
  {
    what: 'a method no longer streams its answers',
    change: (all) => {
      methodIn(all, subscribe).serverStreaming = false;
    },
    differences: [`${subscribe} streaming: unary for server_streaming`],
  },
  {
    what: 'a method no longer streams its requests',
    change: (all) => {
      methodIn(all, write).clientStreaming = false;
    },
    differences: [`${write} streaming: server_streaming for bidi_streaming`],
  },
  {
    what: 'a service is missing',
    change: (all) => {
      for (const file of all.file) {
        if (file.package === 'containerd.services.version.v1') file.service = [];
      }
    },
    differences: [
      'containerd.services.version.v1.Version kind: undefined for service',
      'containerd.services.version.v1.Version.Version kind: undefined for method',
    ],
  },
];

describe('two surfaces', () => {
  it('agree when nothing has changed', () => {
    const same = changed(() => undefined);
    expect(differences(same, theirs)).toEqual([]);
    expect(unknownTo([theirs], same)).toEqual([]);
    expect(theirs.size).toBeGreaterThan(1000);
  });

  it.each(slips)('differ when $what', ({ change, differences: expected }) => {
    expect(differences(changed(change), theirs).map(told)).toEqual(expected);
  });

  it('differ in every field when every number has changed', () => {
    const shifted = changed((all) => {
      for (const message of messagesOf(all).values()) {
        if (message.options?.mapEntry !== true)
          for (const field of message.field) field.number += 1000;
      }
    });
    const fields = [...theirs].filter(([, { kind }]) => kind === 'field').map(([path]) => path);
    const found = differences(shifted, theirs).filter(({ trait }) => trait === 'number');
    expect(found.map(({ path }) => path)).toEqual(fields);
    expect(fields.length).toBeGreaterThan(700);
  });

  it('differ when ours has something that theirs does not know', () => {
    const invented = changed((all) => {
      fieldIn(all, `${kill}.signal`).name = 'number';
    });
    expect(unknownTo([theirs], invented)).toEqual([`${kill}.number`]);
  });

  it('agree on a type that has another name in one of them, but not on its contents', () => {
    const envelope = 'containerd.types.Envelope';
    const old = renamed(theirs, envelope, 'old.Envelope');
    expect(old.has('old.Envelope.topic')).toBe(true);
    expect(old.get(subscribe)?.['output']).toBe('old.Envelope');
    expect(differences(theirs, renamed(old, 'old.Envelope', envelope))).toEqual([]);

    const slipped = changed((all) => {
      fieldIn(all, `${envelope}.topic`).number = 7;
    });
    expect(differences(slipped, renamed(old, 'old.Envelope', envelope)).map(told)).toEqual([
      `${envelope}.topic number: 7 for 3`,
    ]);
  });
});
