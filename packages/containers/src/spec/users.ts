import { CtrdError, invalidArgument } from '@ctrd/core';
import type { SpecUser } from './runtime-spec.js';

/** The files of an image in which users are looked up; empty when the image has none. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

const largestId = 0x7fffffff;

/**
 * Resolves `user[:group]`, names or numbers, as Docker and containerd do. A number needs no entry;
 * a name does. Supplementary groups are those that list the user; the primary group comes first.
 *
 * Throws `invalid-argument` for what is no user, `not-found` for a name that the image lacks.
 */
export function resolveUser(text: string, files: UserFiles): SpecUser {
  const [userText = '', groupText, ...more] = text.split(':');
  if (more.length > 0 || groupText === '' || (userText === '' && groupText !== undefined)) {
    throw invalidArgument('user', 'be user or user:group, by name or number', text);
  }
  const users = parsePasswd(files.passwd);
  const groups = parseGroup(files.group);
  const user = findUser(userText === '' ? '0' : userText, users);
  const gid = groupText === undefined ? user.gid : findGroup(groupText, groups);
  // An explicit group is all that the caller wants, as for Docker.
  const others =
    groupText === undefined ? groups.filter(({ members }) => members.includes(user.name)) : [];
  const additional = others.map((group) => group.gid).filter((id) => id !== gid);
  return { uid: user.uid, gid, additionalGids: [gid, ...new Set(additional)] };
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function findUser(text: string, users: readonly User[]): User {
  const uid = idOf(text, 'user');
  if (uid === undefined) {
    const user = users.find(({ name }) => name === text);
    if (user === undefined) throw unknown('user', text, '/etc/passwd');
    return user;
  }
  return users.find((user) => user.uid === uid) ?? { name: '', uid, gid: 0 };
}

function findGroup(text: string, groups: readonly Group[]): number {
  const gid = idOf(text, 'group');
  if (gid !== undefined) return gid;
  const group = groups.find(({ name }) => name === text);
  if (group === undefined) throw unknown('group', text, '/etc/group');
  return group.gid;
}

/** The number, `undefined` for a name; a number out of range must not become another user's. */
function idOf(text: string, field: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (!/^\d+$/.test(text) || id > largestId) {
    throw invalidArgument(field, `be a name or a number from 0 to ${largestId}`, text);
  }
  return id;
}

function parsePasswd(text: string): readonly User[] {
  return lines(text).flatMap((line): User[] => {
    const [name = '', , uid, gid] = line.split(':');
    const ids = [Number(uid), Number(gid)] as const;
    return ids.every(isId) && name !== '' ? [{ name, uid: ids[0], gid: ids[1] }] : [];
  });
}

function parseGroup(text: string): readonly Group[] {
  return lines(text).flatMap((line): Group[] => {
    const [name = '', , gid, members = ''] = line.split(':');
    const id = Number(gid);
    if (!isId(id) || name === '') return [];
    return [{ name, gid: id, members: members.split(',').map((member) => member.trim()) }];
  });
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= largestId;
}

function unknown(kind: string, name: string, file: string): CtrdError {
  return new CtrdError(`the image has no ${kind} ${JSON.stringify(name)} in its ${file}`, {
    code: 'not-found',
    reason: `unknown-${kind}`,
    field: 'user',
  });
}
