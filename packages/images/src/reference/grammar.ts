/**
 * The grammar of image references, as github.com/distribution/reference has it. The expressions
 * are free of ambiguity, so that no input makes them slow.
 */

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const ipv6 = '\\[[a-fA-F0-9:]+\\]';

/** A host with an optional port. */
export const domainPattern = new RegExp(
  `^(?:${domainComponent}(?:\\.${domainComponent})*|${ipv6})(?::[0-9]+)?$`,
);

export const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

export const tagPattern = /^\w[\w.-]{0,127}$/;

/** Characters of a reference's path in all. */
export const maxPathLength = 255;

/** Characters of a domain name (RFC 1035), with a port. */
export const maxDomainLength = 253 + ':65535'.length;
