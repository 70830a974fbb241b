import { createWriteStream } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';

const attempts = 5;
const idleMs = 30_000;

/** An answer that trying again does not change. */
export class Refused extends Error {
  constructor(
    readonly url: string,
    readonly status: number,
  ) {
    super(`${url} answers ${status}`);
  }
}

/**
 * Downloads a file, trying again after network failures and server errors.
 *
 * @param options.pauseMs - before the second attempt; doubles each time. Default: 1,000 ms.
 * @throws Refused when the server answers 4xx.
 */
export async function download(
  url: string,
  target: string,
  { pauseMs = 1000 }: { pauseMs?: number } = {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pipeline(await answer(url), createWriteStream(target));
    } catch (error) {
      if (error instanceof Refused && error.status < 500) throw error;
      if (attempt === attempts) {
        throw new Error(`cannot download ${url} (is this machine offline?)`, { cause: error });
      }
      await pause(pauseMs * 2 ** (attempt - 1));
    }
  }
}

async function answer(url: string, redirects = 5): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    const request = get(url, { timeout: idleMs }, resolve);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`${url}: silent for ${idleMs} ms`)));
  });
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return response;
  response.resume();
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && redirects > 0) {
    return answer(new URL(headers.location, url).href, redirects - 1);
  }
  throw new Refused(url, statusCode);
}
