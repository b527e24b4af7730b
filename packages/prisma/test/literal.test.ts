import type { ArgScalarType } from '@prisma/driver-adapter-utils'
import { expect, test } from 'vitest'
import { literalOf } from '../src/literal.js'

const MOMENT = '2024-02-29T12:34:56.789Z'

test.each<[ArgScalarType, string | undefined, unknown, string]>([
  ['unknown', undefined, null, 'NULL'],
  ['string', undefined, undefined, 'NULL'],
  ['boolean', 'TINYINT', true, 'true'],
  ['boolean', 'TINYINT', false, 'false'],
  ['int', 'INT', -5, '-5'],
  // Of a parent with a BIGINT key, whose child has an INT.
  ['int', 'INT', '12', '12'],
  ['bigint', undefined, '10', '10'],
  ['bigint', 'BIGINT', 18_446_744_073_709_551_615n, '18446744073709551615'],
  ['bigint', 'BIGINT', '1 OR 1 = 1', "'1 OR 1 = 1'"],
  ['decimal', 'DECIMAL', '-12.50', '-12.50'],
  ['decimal', 'DECIMAL', '1e+3', '1000'],
  ['decimal', 'DECIMAL', '-1.25e-3', '-0.00125'],
  ['decimal', 'DECIMAL', '1.2345e2', '123.45'],
  ['decimal', undefined, '1); DROP TABLE x', "'1); DROP TABLE x'"],
  ['decimal', undefined, 3, '3'],
  ['decimal', undefined, 0.5, '0.5e0'],
  ['decimal', 'DOUBLE', '0.5', '0.5e0'],
  ['decimal', 'DOUBLE', 5e-324, '5e-324'],
  ['decimal', undefined, `1${'0'.repeat(80)}`, '1e+80'],
  ['string', 'VARCHAR', "it's", "'it''s'"],
  ['string', undefined, "\\' OR 1 = 1 -- ", "'\\\\'' OR 1 = 1 -- '"],
  ['string', undefined, '12', "'12'"],
  ['json', 'JSON', '{"a":"\\n"}', `'{"a":"\\\\n"}'`],
  ['bytes', 'BLOB', Buffer.from([0, 39]).toString('base64'), '0x0027'],
  ['bytes', 'BLOB', Uint8Array.of(255), '0xff'],
  ['bytes', 'BLOB', new Uint8Array(Uint8Array.of(1, 2, 3).buffer, 1, 1), '0x02'],
  ['bytes', 'BLOB', '', "X''"],
  ['datetime', 'DATETIME', new Date(MOMENT), "'2024-02-29 12:34:56.789'"],
  ['datetime', 'DATE', new Date(MOMENT), "'2024-02-29'"],
  ['datetime', 'TIME', new Date(MOMENT), "'12:34:56.789'"],
  ['datetime', undefined, '2024-02-29T23:00:00-02:00', "'2024-03-01 01:00:00'"],
  // As a row gives it back, more exactly than a Date could.
  ['datetime', 'DATETIME', '2024-02-29T12:34:56.123456+00:00', "'2024-02-29 12:34:56.123456'"],
  ['datetime', 'TIME', '12:34:56.789', "'12:34:56.789'"],
  ['datetime', 'DATE', '2024-02-29', "'2024-02-29'"],
  ['datetime', undefined, "' OR 1 = 1", "''' OR 1 = 1'"],
  ['unknown', undefined, { a: "it's" }, `'{"a":"it''s"}'`],
  ['decimal', undefined, [1, "'"], `'[1,"''"]'`],
])('a value for %s %s: %o is written %s', (scalarType, dbType, value, literal) => {
  const type = { scalarType, arity: 'scalar', ...(dbType === undefined ? {} : { dbType }) } as const
  expect(literalOf(value, type)).toBe(literal)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)])(
  '%s is refused',
  (value) => {
    expect(() => literalOf(value, undefined)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ kind: 'InvalidInputValue' }) }),
    )
  },
)
