import { invalidArgument } from '../errors/index.js';

/** Throws `invalid-argument` for what cannot be a header of a call. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[0-9a-z_.-]+$/.test(name)) {
      throw invalidArgument(`headers.${name}`, 'have a name of a-z, 0-9, "_", "." and "-"', name);
    }
    if (!/^[ -~]*$/.test(value)) {
      throw invalidArgument(`headers.${name}`, 'be printable ASCII', value);
    }
  }
}
