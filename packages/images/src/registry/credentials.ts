import { invalidArgument } from '@ctrd/core';

/** What a registry takes for proof of who asks. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A refresh token, as `docker login` gets from some registries. */
  | { readonly identityToken: string }
  /** Sent as it is: `Authorization: Bearer …`. */
  | { readonly registryToken: string };

/**
 * Answers the credentials for a registry's host (`docker.io`, `localhost:5000`), or `undefined` to
 * go without. It is asked once a call; what it throws fails the call.
 */
export type CredentialSource = (
  host: string,
  options: { readonly signal: AbortSignal },
) => Credentials | undefined | Promise<Credentials | undefined>;

/** The first of several sources that has an answer. */
export function firstCredentials(sources: readonly CredentialSource[]): CredentialSource {
  return async (host, options) => {
    for (const source of sources) {
      const found = await source(host, options);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Throws `invalid-argument` (field `credentials`); what was given never shows in the message. */
export function checkCredentials(value: Credentials): Credentials {
  const given = value as Partial<Record<string, unknown>>;
  const isText = (name: string) => typeof given[name] === 'string' && given[name] !== '';
  const shapes = [
    isText('username') && isText('password'),
    isText('identityToken'),
    isText('registryToken'),
  ];
  if (!shapes.includes(true)) {
    throw invalidArgument(
      'credentials',
      'have username and password, an identityToken, or a registryToken',
    );
  }
  if (Object.values(given).some((text) => typeof text === 'string' && /[\r\n\0]/.test(text))) {
    throw invalidArgument('credentials', 'be without line breaks');
  }
  return value;
}
