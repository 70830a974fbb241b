import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  ScalarType,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence, type FileDescriptorSet } from '@bufbuild/protobuf/wkt';

/**
 * What two programs must agree on to understand each other: every message, field, enum, value,
 * service and method by its full name, each with the traits that count on the wire.
 */
export type Surface = ReadonlyMap<string, Traits>;

/** Traits by name, as text: `{ kind: 'field', number: '3', type: 'string', label: 'repeated' }`. */
export type Traits = Readonly<Record<string, string>>;

/**
 * Lists what a set of descriptors declares. Options are left out, for they instruct generators,
 * and with them the extensions that define them; so are protobuf's own types.
 */
export function surfaceOf(set: FileDescriptorSet): Surface {
  const surface = new Map<string, Traits>();
  for (const desc of createFileRegistry(set)) {
    if (desc.kind === 'extension' || desc.file.name.startsWith('google/protobuf/')) continue;
    surface.set(desc.typeName, { kind: desc.kind });
    for (const [name, traits] of membersOf(desc)) surface.set(`${desc.typeName}.${name}`, traits);
  }
  return surface;
}

function membersOf(desc: DescMessage | DescEnum | DescService): [string, Traits][] {
  switch (desc.kind) {
    case 'message':
      return desc.fields.map((field) => [field.name, fieldTraits(field)]);
    case 'enum':
      return desc.values.map(({ name, number }) => [name, { kind: 'value', number: `${number}` }]);
    case 'service':
      return desc.methods.map((method) => [method.name, methodTraits(method)]);
  }
}

function fieldTraits(field: DescField): Traits {
  return {
    kind: 'field',
    number: `${field.number}`,
    label: labelOf(field),
    type: typeOf(field),
    ...(field.fieldKind === 'map' && { key: scalarName(field.mapKey) }),
    ...(field.fieldKind === 'list' && { packed: `${field.packed}` }),
    ...(field.oneof !== undefined && { oneof: field.oneof.name }),
  };
}

function labelOf(field: DescField): string {
  if (field.fieldKind === 'map') return 'map';
  if (field.fieldKind === 'list') return 'repeated';
  if (field.proto.proto3Optional) return 'optional';
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED ? 'required' : 'singular';
}

/** The type of a field, of a list's elements, of a map's values. */
function typeOf(field: DescField): string {
  const named = field.message ?? field.enum;
  if (named !== undefined) return named.typeName;
  return field.scalar === undefined ? 'unknown' : scalarName(field.scalar);
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

function methodTraits(method: DescMethod): Traits {
  return {
    kind: 'method',
    input: method.input.typeName,
    output: method.output.typeName,
    streaming: method.methodKind,
  };
}
