import { digestOf } from '../oci/digest.js';

/**
 * The chain ids of a stack of layers, the lowest first: each names the snapshot of a layer and all
 * below it (OCI image spec, "Layer ChainID").
 */
export function chainIds(diffIds: readonly string[]): readonly string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
