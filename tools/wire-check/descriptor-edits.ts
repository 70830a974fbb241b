import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorSet,
  MethodDescriptorProto,
  ServiceDescriptorProto,
} from '@bufbuild/protobuf/wkt';

/** The message of that full name, to be changed in place; a nested one is `pkg.Outer.Inner`. */
export function messageIn(set: FileDescriptorSet, typeName: string): DescriptorProto {
  return found(messagesOf(set), typeName);
}

/** The field of that full name: `pkg.Message.field`. */
export function fieldIn(set: FileDescriptorSet, path: string): FieldDescriptorProto {
  const [typeName, name] = split(path);
  return named(messageIn(set, typeName).field, name);
}

/** The enum of that full name. */
export function enumIn(set: FileDescriptorSet, typeName: string): EnumDescriptorProto {
  const [scope, name] = split(typeName);
  return named(
    set.file.flatMap((file) => (file.package === scope ? file.enumType : [])),
    name,
  );
}

/** The service of that full name. */
export function serviceIn(set: FileDescriptorSet, typeName: string): ServiceDescriptorProto {
  const [scope, name] = split(typeName);
  return named(
    set.file.flatMap((file) => (file.package === scope ? file.service : [])),
    name,
  );
}

/** The method of that full name: `pkg.Service.Method`. */
export function methodIn(set: FileDescriptorSet, path: string): MethodDescriptorProto {
  const [typeName, name] = split(path);
  return named(serviceIn(set, typeName).method, name);
}

/** Every message by its full name, the entries of maps among them, but not those of protobuf. */
export function messagesOf(set: FileDescriptorSet): Map<string, DescriptorProto> {
  const below = (scope: string, messages: DescriptorProto[]): [string, DescriptorProto][] =>
    messages.flatMap((message) => {
      const name = `${scope}.${message.name}`;
      return [[name, message], ...below(name, message.nestedType)];
    });
  return new Map(
    set.file
      .filter((file) => file.package !== 'google.protobuf')
      .flatMap((file) => below(file.package, file.messageType)),
  );
}

function split(path: string): [scope: string, name: string] {
  const dot = path.lastIndexOf('.');
  return [path.slice(0, dot), path.slice(dot + 1)];
}

function named<T extends { name: string }>(all: readonly T[], name: string): T {
  return found(new Map(all.map((one) => [one.name, one])), name);
}

function found<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name);
  if (one === undefined) throw new Error(`no ${name} among the descriptors`);
  return one;
}
