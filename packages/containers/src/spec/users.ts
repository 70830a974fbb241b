import { CtrdError, invalidArgument } from '@ctrd/core';
import { largestId } from './check.js';
import type { SpecUser } from './runtime-spec.js';

/** The files of an image in which users are looked up; empty when the image has none. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

/**
 * Resolves `user[:group]`, names or numbers, as Docker and containerd do. A number needs no entry;
 * a name does. Supplementary groups are those that list the user; the primary group comes first.
 *
 * Throws `invalid-argument` for what is no user, `not-found` for a name that the image lacks.
 */
export function resolveUser(text: string, files: UserFiles): SpecUser {
  const { userText, groupText } = partsOf(text);
  const users = parsePasswd(files.passwd);
  const groups = parseGroup(files.group);
  const user = findUser(userText, users);
  const gid = groupText === undefined ? user.gid : findGroup(groupText, groups);
  // An explicit group is all that the caller wants; and the group with the user's own name is a
  // primary one. Both as in the Go client's `WithAdditionalGIDs`.
  const isSupplementary = ({ name, members }: Group) =>
    groupText === undefined && name !== user.name && members.includes(user.name);
  const others = groups.filter(isSupplementary);
  const additional = others.map((group) => group.gid).filter((id) => id !== gid);
  return { uid: user.uid, gid, additionalGids: [gid, ...new Set(additional)] };
}

/** The user when its text alone says who that is, as `1000:1000` does; no file is read then. */
export function numericUser(text: string): SpecUser | undefined {
  const { userText, groupText } = partsOf(text);
  const uid = idOf(userText, 'user');
  const gid = groupText === undefined ? undefined : idOf(groupText, 'user');
  return uid === undefined || gid === undefined ? undefined : { uid, gid, additionalGids: [gid] };
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

function partsOf(text: string): { userText: string; groupText: string | undefined } {
  const [userText = '', groupText, ...more] = text.split(':');
  if (more.length > 0 || groupText === '' || (userText === '' && groupText !== undefined)) {
    throw invalidArgument('user', 'be user or user:group, by name or number', text);
  }
  return { userText: userText === '' ? '0' : userText, groupText };
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
  const gid = idOf(text, 'user');
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

/** Lines that are no entries are left out: a missing number must not become root's. */
function parsePasswd(text: string): readonly User[] {
  return lines(text).flatMap((line): User[] => {
    const [name = '', , uidText, gidText] = line.split(':');
    const uid = fileId(uidText);
    const gid = fileId(gidText);
    return name === '' || uid === undefined || gid === undefined ? [] : [{ name, uid, gid }];
  });
}

function parseGroup(text: string): readonly Group[] {
  return lines(text).flatMap((line): Group[] => {
    const [name = '', , gidText, members = ''] = line.split(':');
    const gid = fileId(gidText);
    if (name === '' || gid === undefined) return [];
    return [{ name, gid, members: listOf(members) }];
  });
}

/** Without empty names: a user without an entry, and so without a name, is in no group. */
function listOf(members: string): readonly string[] {
  return members
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function fileId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  return id <= largestId ? id : undefined;
}

function unknown(kind: string, name: string, file: string): CtrdError {
  return new CtrdError(`the image has no ${kind} ${JSON.stringify(name)} in its ${file}`, {
    code: 'not-found',
    reason: `unknown-${kind}`,
    field: 'user',
  });
}
