import { invalidArgument } from '../errors/index.js';

/** What HTTP/2 and gRPC keep for themselves; a name that ends in `-bin` stands for bytes, not for text. */
const reserved =
  /^(?:connection|content-(?:length|type)|host|http2-settings|keep-alive|proxy-connection|te|transfer-encoding|upgrade|grpc-.*|.*-bin)$/;

/** Throws `invalid-argument` for what cannot be a header of a call. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[0-9a-z_.-]+$/.test(name)) {
      throw invalidArgument(`headers.${name}`, 'have a name of a-z, 0-9, "_", "." and "-"', name);
    }
    if (reserved.test(name)) {
      throw invalidArgument(`headers.${name}`, 'not have a name that the protocol reserves');
    }
    if (!/^[ -~]*$/.test(value)) {
      throw invalidArgument(`headers.${name}`, 'be printable ASCII', value);
    }
  }
}
