import { describe, expect, it } from 'vitest'
import {
  instanceEndpointFromPattern,
  instanceEndpointFromSuffix,
  isInstancePattern,
  isPlainInstanceId,
  parseHost,
} from '../../src/model/endpoint.js'
import { readSpec } from '../read-spec.js'

interface HostSpec {
  readonly host: string
  readonly kind: string
  readonly name: string
  readonly instanceSuffix: string | null
  readonly instanceId: string | null
}

const { hosts, patterns, ids } = readSpec<{
  readonly hosts: readonly HostSpec[]
  readonly patterns: { readonly good: readonly string[]; readonly bad: readonly string[] }
  readonly ids: { readonly plain: readonly string[]; readonly refused: readonly string[] }
}>('hosts.json')

describe('parseHost', () => {
  it.each(hosts)('$host is $kind', ({ host, kind, name, instanceSuffix, instanceId }) => {
    expect(parseHost(host)).toEqual({
      kind,
      host: name,
      instanceSuffix: instanceSuffix ?? undefined,
      instanceId: instanceId ?? undefined,
    })
  })

  it('gives the suffix that turns the id back into the host', () => {
    for (const { host, name } of hosts.filter(({ kind }) => kind === 'instance')) {
      const { instanceSuffix = '', instanceId = '' } = parseHost(host)
      expect(instanceEndpointFromSuffix(instanceSuffix, 3306)(instanceId)?.host).toBe(name)
    }
  })
})

describe('instance ids', () => {
  it.each(ids.plain)('%j is plain', (id) => {
    expect(isPlainInstanceId(id)).toBe(true)
    expect(instanceEndpointFromSuffix('.x.example', 3306)(id)).toEqual({
      host: `${id.toLowerCase()}.x.example`,
      port: 3306,
    })
  })

  it.each(ids.refused)('%j is refused', (id) => {
    expect(isPlainInstanceId(id)).toBe(false)
    expect(instanceEndpointFromSuffix('.x.example', 3306)(id)).toBeUndefined()
    expect(instanceEndpointFromPattern('?.x.example', 3306)(id)).toBeUndefined()
  })
})

describe('instance patterns', () => {
  it.each(patterns.good)('%j is one', (pattern) => {
    expect(isInstancePattern(pattern)).toBe(true)
  })

  it.each(patterns.bad)('%j is none', (pattern) => {
    expect(isInstancePattern(pattern)).toBe(false)
  })

  it('puts the id in the place of the question mark, and takes the port from the pattern', () => {
    expect(instanceEndpointFromPattern('?.x.example', 3306)('DB-1')).toEqual({
      host: 'db-1.x.example',
      port: 3306,
    })
    expect(instanceEndpointFromPattern('db-?.internal:3307', 3306)('a')).toEqual({
      host: 'db-a.internal',
      port: 3307,
    })
  })
})
