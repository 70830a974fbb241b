import { CtrdError } from '@ctrd/client/core';

/** An option's text that does not have its form. */
export function wrong(option: string, form: string, text: string): CtrdError {
  return new CtrdError(`${option} must be ${form}, not ${JSON.stringify(text)}`, {
    code: 'invalid-argument',
    field: option,
  });
}
