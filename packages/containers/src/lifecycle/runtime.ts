import { create, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { OptionsSchema } from '@ctrd/api/runc/options';
import { OptionsSchema as OtherOptionsSchema } from '@ctrd/api/runtimeoptions/v1';
import type { ContainerOptions, RuntimeOption } from '../container-options.js';

const runc = 'io.containerd.runc.v2';

/** A runtime as the daemon takes it. */
export interface RuntimeChoice {
  readonly name: string;
  readonly options: Pick<Any, 'typeUrl' | 'value'> | undefined;
}

/** `checkpoint` is the folder that runc restores from. */
export function runtimeOf(option: ContainerOptions['runtime'], checkpoint?: string): RuntimeChoice {
  const choice: RuntimeOption = typeof option === 'string' ? { name: option } : (option ?? {});
  const { name = runc, binaryName, root, systemdCgroup, noPivotRoot, configPath } = choice;
  if (configPath !== undefined) {
    const message = create(OtherOptionsSchema, { configPath });
    return {
      name,
      options: packed(OtherOptionsSchema.typeName, toBinary(OtherOptionsSchema, message)),
    };
  }
  const given = { binaryName, root, systemdCgroup, noPivotRoot, criuImagePath: checkpoint };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  // An empty message for runc, as the Go client sends; another runtime's kind is not known.
  if (name !== runc && Object.keys(set).length === 0) return { name, options: undefined };
  return {
    name,
    options: packed(OptionsSchema.typeName, toBinary(OptionsSchema, create(OptionsSchema, set))),
  };
}

/** JSON in an Any, under one of containerd's names for the runtime spec's types. */
export function packedJson(
  type: 'Spec' | 'Process' | 'LinuxResources',
  value: unknown,
): Pick<Any, 'typeUrl' | 'value'> {
  return packed(
    `types.containerd.io/opencontainers/runtime-spec/1/${type}`,
    new TextEncoder().encode(JSON.stringify(value)),
  );
}

/** A message in an Any, under its bare name, as every line takes it. */
export function packed(typeUrl: string, value: Uint8Array): Pick<Any, 'typeUrl' | 'value'> {
  return { typeUrl, value: value as Uint8Array<ArrayBuffer> };
}
