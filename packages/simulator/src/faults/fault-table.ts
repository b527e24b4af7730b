import type { Fault, FaultType } from '../cluster/fault.js'

/** What a field of a fault holds, and so how it is checked, asked for and shown. */
export type FieldKind =
  /** A number of milliseconds; `canBeNever`: or the word `never`. */
  | { readonly kind: 'duration'; readonly canBeNever?: true }
  /** A whole number within bounds. */
  | { readonly kind: 'count'; readonly min: number; readonly max?: number }
  /** The id of an instance that exists. */
  | { readonly kind: 'instance' }
  /** The id of an instance to be: a letter, then letters, digits and hyphens. */
  | { readonly kind: 'id' }
  | { readonly kind: 'choice'; readonly choices: readonly (string | number)[] }
  | { readonly kind: 'flag' }

/** One field of a fault. */
export type FaultField = FieldKind & {
  readonly summary: string
  /** What holds without it, in words; none: it must be given. */
  readonly default?: string
}

/** A fault as people are told of it. */
export interface FaultDescription {
  readonly summary: string
  readonly fields: Readonly<Record<string, FaultField>>
}

type FaultOf<Type extends FaultType> = Extract<Fault, { readonly type: Type }>

/** A description of every fault, with exactly the fields that it has. */
type FaultTable = {
  readonly [Type in FaultType]: {
    readonly summary: string
    readonly fields: { readonly [Field in keyof Omit<FaultOf<Type>, 'type'>]-?: FaultField }
  }
}

const onWriter = { kind: 'instance', summary: 'the instance', default: 'the writer' } as const
const onReader = { kind: 'instance', summary: 'the reader', default: 'the first reader' } as const
const returnAfterMs = {
  kind: 'duration',
  canBeNever: true,
  summary: 'it comes back by itself after this time',
  default: 'never',
} as const

const table = {
  failover: {
    summary: 'the writer fails, a reader takes over',
    fields: {
      how: {
        kind: 'choice',
        choices: ['crash', 'hang', 'planned'],
        summary: 'how the old writer goes: sockets reset, silence, or serving until the promotion',
        default: 'crash',
      },
      to: { kind: 'instance', summary: 'the reader to promote', default: 'the lowest tier' },
      detectMs: {
        kind: 'duration',
        summary: 'Aurora notices this long after the fault',
        default: 'timings.detectMs',
      },
      promoteMs: {
        kind: 'duration',
        summary: 'the promotion follows this long after the fault',
        default: 'timings.promoteMs',
      },
      dnsMs: {
        kind: 'duration',
        summary: 'the names follow this long after the promotion',
        default: 'timings.dnsMs',
      },
      staleMs: {
        kind: 'duration',
        summary: 'copies of the topology elsewhere follow this long after the promotion',
        default: 'timings.staleMs',
      },
      returnMs: {
        kind: 'duration',
        canBeNever: true,
        summary: 'the old writer is back, as a reader, this long after the promotion',
        default: 'timings.returnMs; planned: 0',
      },
      restartPromoted: {
        kind: 'flag',
        summary: "the promoted reader's connections are cut",
        default: 'true',
      },
    },
  },
  crash: {
    summary: 'sockets are reset, connects refused',
    fields: { instance: onWriter, returnAfterMs },
  },
  hang: {
    summary: 'silence: sockets stay open, nothing is read, answered or greeted',
    fields: { instance: onWriter, returnAfterMs },
  },
  reset: {
    summary: 'open connections are reset, new ones served',
    fields: { instance: onWriter },
  },
  refuse: {
    summary: 'new connections are refused, open ones served',
    fields: { instance: onWriter },
  },
  slow: {
    summary: 'every reply comes later',
    fields: { instance: onWriter, delayMs: { kind: 'duration', summary: 'this much later' } },
  },
  'demote-in-place': {
    summary: 'writer and reader change roles under living connections',
    fields: { to: { kind: 'instance', summary: 'the new writer', default: 'the lowest tier' } },
  },
  'zero-downtime-restart': {
    summary: 'connections live, open transactions are lost, their next statement gets error 1105',
    fields: { instance: onWriter },
  },
  'stale-view': {
    summary: 'the instance’s copy of the topology stays as it is',
    fields: {
      instance: onWriter,
      forMs: { kind: 'duration', summary: 'for this time', default: 'until healed' },
    },
  },
  'two-writers': {
    summary: 'a reader is shown as a writer too, with the older time stamp',
    fields: { instance: onReader },
  },
  'no-writer': { summary: 'no row of the topology says that it is the writer', fields: {} },
  'ghost-row': {
    summary: 'a row of an instance that does not exist',
    fields: {
      serverId: { kind: 'id', summary: 'its id', default: 'ghost' },
      ageMs: { kind: 'duration', summary: 'the age of the row', default: '0' },
    },
  },
  lag: {
    summary: 'a reader reports this lag and (storage mysqld) shows data that old',
    fields: { instance: onReader, lagMs: { kind: 'duration', summary: 'the lag' } },
  },
  overload: {
    summary: 'error 1040 for connections beyond a number',
    fields: {
      instance: onWriter,
      maxConnections: { kind: 'count', min: 0, summary: 'connections that are served' },
    },
  },
  'reader-added': {
    summary: 'a reader comes; the names learn of it later',
    fields: {
      id: { kind: 'id', summary: 'its id', default: 'the next instance-N' },
      tier: { kind: 'count', min: 0, max: 15, summary: 'its promotion tier', default: '1' },
    },
  },
  'reader-removed': {
    summary: 'a reader is deleted: it shuts down, leaves the topology and then the names',
    fields: { instance: { kind: 'instance', summary: 'the reader' } },
  },
  'deny-topology': {
    summary: 'questions for the topology are refused',
    fields: {
      instance: onWriter,
      errno: {
        kind: 'choice',
        choices: [1142, 1227],
        summary: 'the error they get',
        default: '1142',
      },
    },
  },
  'empty-topology': {
    summary: 'the topology has no rows',
    fields: { instance: onWriter },
  },
  'dns-down': { summary: 'every look-up of a name fails', fields: {} },
} as const satisfies FaultTable

/**
 * Every fault with its fields: what a request, a scenario and the command line may say, and what the manual and the
 * page show. A duration is in milliseconds.
 */
export const faultTable: Readonly<Record<FaultType, FaultDescription>> = table

/** The names of the faults, in the order of the manual. */
export const faultTypes: readonly FaultType[] = Object.keys(table) as FaultType[]
