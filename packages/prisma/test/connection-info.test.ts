import { expect, test } from 'vitest'
import { canJoinRelations } from '../src/connection-info.js'

test.each([
  ['8.0.42', true],
  ['8.0.14', true],
  ['8.0.13', false],
  ['8.4.7', true],
  ['9.0.1-commercial', true],
  ['5.7.12-log', false],
  ['10.11.14-MariaDB-0+deb12u2', false],
  ['5.5.5-10.6.8-mariadb', false],
  ['unheard of', false],
])('a server of version %s joins relations: %s', (version, can) => {
  expect(canJoinRelations(version)).toBe(can)
})
