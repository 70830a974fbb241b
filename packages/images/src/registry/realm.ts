import { CtrdError } from '@ctrd/core';

/** Token servers that registries have on another host by their own documentation. */
const knownRealms: ReadonlyMap<string, string> = new Map([
  ['registry-1.docker.io', 'auth.docker.io'],
]);

/**
 * Decides whether the token server that a registry names is asked. A registry could name any host
 * and so be shown the password of another: credentials go to the registry's own host, to one below
 * it or that it is below of, or to those that the host of this program allows (`authRealms`), and
 * never over plain HTTP unless the registry itself is reached so.
 *
 * Throws `unauthenticated` (reason `realm`).
 */
export function checkRealm(
  realm: string | undefined,
  registry: URL,
  options: { withCredentials: boolean; authRealms: readonly string[] },
): URL {
  if (realm === undefined || !URL.canParse(realm)) {
    throw refused(registry, 'the registry asks for a token but does not say where to get one');
  }
  const url = new URL(realm);
  const allowed = options.authRealms.includes(url.host);
  const isPlain = url.protocol === 'http:';
  if (!isPlain && url.protocol !== 'https:') throw refused(registry, 'its token server is no URL');
  if (url.username !== '' || url.password !== '') {
    throw refused(registry, 'the address of its token server has a user in it');
  }
  if (isPlain && registry.protocol !== 'http:' && !allowed) {
    throw refused(registry, `its token server ${url.host} is reached over plain HTTP`);
  }
  if (options.withCredentials && !allowed && !isRelated(url, registry)) {
    throw refused(
      registry,
      `it wants the credentials sent to ${url.host}: allow that by authRealms if it is right`,
    );
  }
  return url;
}

function isRelated(realm: URL, registry: URL): boolean {
  if (realm.hostname === registry.hostname) return true;
  if (knownRealms.get(registry.host) === realm.host) return true;
  // Plain HTTP proves nothing of a host's name.
  if (realm.protocol === 'http:') return false;
  return isBelow(realm.hostname, registry.hostname) || isBelow(registry.hostname, realm.hostname);
}

/** Whether a name is below another that is more than a top-level domain. */
function isBelow(name: string, above: string): boolean {
  return above.includes('.') && name.endsWith(`.${above}`);
}

function refused(registry: URL, why: string): CtrdError {
  return new CtrdError(why, { code: 'unauthenticated', reason: 'realm', subject: registry.host });
}
