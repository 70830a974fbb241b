// #region verify
import { createPublicKey, verify } from 'node:crypto';
import type { ImageEvidence, ImagePolicy, ImageQuestion } from '@ctrd/images';

/** Lets in what a key has signed with `cosign sign --key`, and nothing else. */
export function signedBy(publicKeyPem: string): ImagePolicy {
  const key = createPublicKey(publicKeyPem);
  return {
    async judge({ target, evidence }: ImageQuestion) {
      for (const { payload, signature } of await signatures(target.digest, evidence)) {
        if (!verify('sha256', payload, key, signature)) continue;
        // What the key has signed is a document that names the image: it must be this one.
        const { critical } = JSON.parse(Buffer.from(payload).toString());
        if (critical.image['docker-manifest-digest'] === target.digest) return { allowed: true };
      }
      return { allowed: false, why: 'it has no signature of the key' };
    },
  };
}

/** cosign keeps them as the layers of an image beside the image, each with an annotation. */
async function signatures(digest: string, evidence: ImageEvidence) {
  const found = await evidence.manifest(`${digest.replace(':', '-')}.sig`);
  if (found === undefined) return [];
  const { layers } = JSON.parse(Buffer.from(found.bytes).toString());
  return await Promise.all(
    layers.slice(0, 10).map(async (layer: Parameters<ImageEvidence['blob']>[0]) => ({
      payload: await evidence.blob(layer),
      signature: Buffer.from(
        layer.annotations?.['dev.cosignproject.cosign/signature'] ?? '',
        'base64',
      ),
    })),
  );
}
// #endregion
