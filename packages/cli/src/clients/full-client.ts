import { createClient } from '@ctrd/client';
import type { Settings } from '../settings.js';

/** A client with everything. The platform of a command is that of all it does. */
export function connectAll(
  settings: Settings,
  { platform }: { readonly platform?: string },
  signal: AbortSignal,
) {
  return createClient({ ...settings, images: { platform }, signal });
}
